/** Sending a camera, a microphone or any other stream to a room. */

/** @import { SessionSetup } from './session.js' */
/** @import { PublishOptions } from './options.js' */

import { SendingSession } from './sending_session.js';

/** What `LiveRelay.publish` resolves to. */
export class PublishSession extends SendingSession {
  /**
   * @internal
   * @param {Omit<SessionSetup, 'createMedia' | 'options'> & { options: PublishOptions }} setup
   */
  constructor(setup) {
    super({
      ...setup,
      localOptions: setup.options,
      createMedia: (local) => ({
        endpoint: 'publish',
        open: () => local.open(),
        prepare: (peerConnection) =>
          local.addTo(peerConnection, { direction: 'sendonly', always: false }),
        play: () => undefined,
        release: () => local.release(),
      }),
    });
  }
}
