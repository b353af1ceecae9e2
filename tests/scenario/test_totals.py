"""What is counted stays counted, whoever comes and goes."""

from dataclasses import fields

from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.sfu.totals import MediaTotals
from liverelay.sfu.types import SessionId
from tests.support.observations import AT_ONCE, VIDEO
from tests.support.scenario import Numbers, Scenario


def test_sum_of_totals_has_each_of_their_fields() -> None:
    names = [field.name for field in fields(MediaTotals)]
    totals = MediaTotals(**{name: number for number, name in enumerate(names)})

    totals.add(MediaTotals(**{name: 100 * number for number, name in enumerate(names)}))

    assert [getattr(totals, name) for name in names] == [101 * n for n in range(len(names))]


def test_totals_are_the_sums_of_what_streams_count() -> None:
    scenario = Scenario()
    viewers = [scenario.watch("one", conditions=AT_ONCE), scenario.watch("two", conditions=AT_ONCE)]
    scenario.publish(conditions=AT_ONCE)
    scenario.run(2.0)
    viewers[0].send_pli(VIDEO)
    scenario.run(1.0)

    totals = scenario.room.totals()

    publications = scenario.room.publication_statistics()
    subscriptions = scenario.room.subscription_statistics()
    streams = [stream for publication in publications for stream in publication.streams]
    assert totals == MediaTotals(
        packets_received=sum(stream.packets_received for stream in streams),
        bytes_received=sum(stream.bytes_received for stream in streams),
        keyframe_requests_sent=sum(stream.pli_count for stream in streams),
        packets_sent=sum(each.packets_sent for each in subscriptions),
        bytes_sent=sum(each.bytes_sent for each in subscriptions),
        keyframe_requests_received=1,
    )
    assert totals.packets_sent == 2 * totals.packets_received > 100
    assert totals.keyframe_requests_sent > 0


def test_retransmissions_and_their_requests_are_counted() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    scenario.publish(conditions=AT_ONCE)
    scenario.run(1.0)

    viewer.send_nack(VIDEO, viewer.stream(VIDEO)[-1].sequence_number)
    scenario.run(0.1)

    totals = scenario.room.totals()
    (watched,) = (s for s in scenario.room.subscription_statistics() if s.ssrc == VIDEO)
    assert watched.nack_count == 1
    assert (totals.nacks_received, totals.retransmitted_packets_sent) == (1, 1)


def test_nothing_is_forgotten_when_streams_end() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    publisher = scenario.publish(conditions=AT_ONCE)
    scenario.run(2.0)
    before = scenario.room.totals()

    scenario.leave(viewer)
    after_leaving = scenario.room.totals()
    scenario.unpublish(publisher)

    assert after_leaving == before
    assert scenario.room.totals() == before
    assert before.packets_sent > 0


def test_stream_that_another_has_replaced_still_counts() -> None:
    scenario = Scenario()
    viewer = scenario.watch(conditions=AT_ONCE)
    publisher = scenario.publish(conditions=AT_ONCE)
    scenario.run(2.0)
    before = scenario.room.totals()

    publisher.numbers = Numbers(video_ssrc=0x9999, rtp_timestamp=7)
    scenario.run(2.0)

    after = scenario.room.totals()
    assert after.packets_received > 1.8 * before.packets_received
    assert after.packets_sent > 1.8 * before.packets_sent
    assert after.packets_sent == len(viewer.packets)


def test_what_viewers_lose_is_the_mean_of_their_reports() -> None:
    scenario = Scenario()
    assert scenario.room.viewers_fraction_lost() is None
    lossy, fine = scenario.watch("lossy"), scenario.watch("fine")
    scenario.publish(conditions=AT_ONCE)
    scenario.run(1.0)
    silent = scenario.room.viewers_fraction_lost()

    for viewer, fraction_lost in ((lossy, 128), (fine, 0)):
        block = ReportBlock(Ssrc(VIDEO), fraction_lost, 0, 0, 0, 0, 0)
        report = ReceiverReport(Ssrc(1), (block,))
        scenario.on_rtcp(viewer.session_id, report.serialize())

    assert silent is None
    assert scenario.room.viewers_fraction_lost() == 0.25


def test_statistics_can_be_those_of_one_session() -> None:
    scenario = Scenario()
    one, _ = scenario.watch("one"), scenario.watch("two")

    told = scenario.room.subscription_statistics(one.session_id)

    assert [each.session_id for each in told] == [one.session_id] * 2
    assert len(scenario.room.subscription_statistics()) == 4
    assert scenario.room.subscription_statistics(SessionId("nobody")) == []
