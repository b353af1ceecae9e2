"""Who speaks, by the levels that publishers write beside their sound (RFC 6464).

Nothing is decoded: a level is one byte of a header extension. It is read once where a packet comes
in, however many viewers there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.extensions import AUDIO_LEVEL_URI, find_element
from liverelay.sfu.deadlines import DeadlineQueue

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.types import PeerId

# Levels count down from the loudest possible sound, 0, to 127. Below, loudness is 127 less that, so
# that more is louder. Speech is at 87 to 107, a quiet room at 60.
_MOST = 127
# All that is quieter counts as this: noise suppression makes pauses between words digital silence,
# which would end speech in each of them.
_FLOOR = 57.0
# Where speech begins, and, well below, where it ends.
_BEGIN = 82.0
_END = 72.0
# Seconds in which the smoothed loudness covers most of the way: rising quickly, so that the first
# word shows, but not by one knock; falling slowly, to bridge pauses.
_ATTACK = 0.1
_RELEASE = 0.5
# A publisher with discontinuous transmission sends twice a second at least; one that sends nothing
# for longer is not speaking.
_MAX_SILENCE = 1.0
# Someone takes over as the dominant speaker who is louder by this much for so long.
_MARGIN = 6.0
_TAKEOVER = 1.0


class Speaker(NamedTuple):
    """A peer that is speaking; `audio_level` is 0 to 1, linear, as in W3C webrtc-stats."""

    peer_id: PeerId
    audio_level: float


class LevelMeter:
    """The smoothed loudness of one publication's sound, and whether that is speech."""

    __slots__ = ("_extension_id", "_speakers", "heard_at", "is_speaking", "loudness", "peer_id")

    def __init__(self, peer_id: PeerId, extension_id: int, speakers: Speakers) -> None:
        self.peer_id = peer_id
        self.is_speaking = False
        self.loudness = _FLOOR
        self.heard_at = float("-inf")
        self._extension_id = extension_id
        self._speakers = speakers

    @property
    def audio_level(self) -> float:
        return round(10 ** ((self.loudness - _MOST) / 20), 4)

    def on_packet(self, packet: bytes, header: RtpHeader, now: float) -> None:
        """Read the level of one packet, if it has one."""
        element = find_element(packet, header, self._extension_id)
        if element is not None and element.end > element.offset:
            # The highest bit says whether the publisher takes it for speech; not all do.
            self._on_level(packet[element.offset] & 0x7F, now)

    def _on_level(self, level: int, now: float) -> None:
        loudness = max(_FLOOR, _MOST - level)
        interval = _ATTACK if loudness > self.loudness else _RELEASE
        weight = min(1.0, (now - self.heard_at) / interval)
        self.loudness += (loudness - self.loudness) * weight
        self.heard_at = now
        if self.is_speaking:
            if self.loudness < _END:
                self._speakers.end(self)
            else:
                self._speakers.compare(self, now)
        elif self.loudness >= _BEGIN:
            self._speakers.begin(self, now)


class Speakers:
    """Those of one room who are speaking, and the one of them who leads."""

    def __init__(self) -> None:
        self._speaking: list[LevelMeter] = []
        self._dominant: LevelMeter | None = None
        # Who is louder than the dominant speaker, and since when.
        self._challenger: tuple[LevelMeter, float] | None = None
        self._silences: DeadlineQueue[LevelMeter] = DeadlineQueue()
        self._has_changed = False

    @property
    def dominant(self) -> PeerId | None:
        """The one to show large, if anyone speaks."""
        return None if self._dominant is None else self._dominant.peer_id

    def speaking(self) -> list[Speaker]:
        """Return who speaks, in the order in which they began."""
        return [Speaker(meter.peer_id, meter.audio_level) for meter in self._speaking]

    def take_changed(self) -> bool:
        """Return whether someone began, ended or took the lead since the last call."""
        has_changed, self._has_changed = self._has_changed, False
        return has_changed

    def meter(self, publication: Publication) -> LevelMeter | None:
        """Return what measures the sound of `publication`; None if it does not say its level."""
        for extension in publication.parameters.extensions:
            if extension.uri == AUDIO_LEVEL_URI:
                return LevelMeter(publication.peer_id, extension.extension_id, self)
        return None

    def begin(self, meter: LevelMeter, now: float) -> None:
        meter.is_speaking = self._has_changed = True
        self._speaking.append(meter)
        self._silences.set(meter, now + _MAX_SILENCE)
        if self._dominant is None:
            self._dominant = meter

    def end(self, meter: LevelMeter) -> None:
        """Note that somebody does not speak any more, if they did."""
        if not meter.is_speaking:
            return
        meter.is_speaking = False
        self._has_changed = True
        self._speaking.remove(meter)
        self._silences.discard(meter)
        if self._challenger is not None and self._challenger[0] is meter:
            self._challenger = None
        if self._dominant is meter:
            self._challenger = None
            self._dominant = max(self._speaking, key=lambda each: each.loudness, default=None)

    def compare(self, meter: LevelMeter, now: float) -> None:
        """Let someone who speaks take the lead who has been louder than its holder for a while."""
        assert self._dominant is not None
        challenger = self._challenger
        if meter.loudness < self._dominant.loudness + _MARGIN:
            if challenger is not None and challenger[0] is meter:
                self._challenger = None
        elif challenger is None or challenger[0] is not meter:
            self._challenger = meter, now
        elif now - challenger[1] >= _TAKEOVER:
            self._dominant, self._challenger = meter, None
            self._has_changed = True

    def deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called."""
        return self._silences.next()

    def handle_timeout(self, now: float) -> None:
        """Take silence for the end of speech where no packets come any more."""
        for meter in self._silences.take_due(now):
            if meter.heard_at + _MAX_SILENCE <= now:
                meter.loudness = _FLOOR
                self.end(meter)
            else:
                self._silences.set(meter, meter.heard_at + _MAX_SILENCE)
