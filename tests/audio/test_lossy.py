"""The same over a line that loses, delays and reorders: compared with the
codec libraries, which conceal just what the network lost, and have all that
it did not lose in time."""
import pytest

import link
import measure
import space
import speech
from e2e.scene import Scene
from gateway import Embedded
from stream import hurry, say_all
from test_pairs import connect_all, end_all, ways_of, whole

WHY_NOT = space.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

PAIRS = [("pcmu", "opus"), ("pcma", "opus"), ("g722", "opus"),
         ("g722", "pcmu"), ("g722", "pcma"), ("opus", "pcmu"),
         ("opus", "pcma")]
SECONDS = 20
# All ways together are held to measure.WORSE_DB. One alone may be worse: where
# both codecs are as good as G.711 and G.722 are, what the jitter buffer leaves
# out or puts in while it finds its depth weighs more than any loss.
ONE_WAY_DB = 3.0
GAP_MAX_MS = 60          # what concealment dies away in
# Concealment dies away: the libraries alone have gaps of 5 ms too. In one way,
# and in all together, so many more may be ours.
MORE_GAPS, MORE_GAPS_IN_ALL = 3, 5


@pytest.fixture
def line():
    b = link.BadLine()
    with b.site.entered():
        yield b
    b.close()


@pytest.fixture
def far_gateway(line, gateway_with):
    g = gateway_with(run=False, FREESWITCH_EXTERNAL_IP=link.PHONES_SIDE,
                     FREESWITCH_EXTERNAL_EXT_IP=link.PHONES_SIDE,
                     FREESWITCH_INTERNAL_IP=link.JIGASI_SIDE)
    if not isinstance(g, Embedded):
        pytest.skip("FreeSWITCH has a jitter buffer of its own")
    g.external = (link.PHONES_SIDE, link.SIP)
    g.internal = (link.JIGASI_SIDE, link.SIP)
    return g.start()


@pytest.mark.deadline(240)
async def test_loss_jitter_and_changed_order(line, far_gateway, ear):
    voices = {who: speech.spoken(who, SECONDS) for who in speech.TEXTS}
    wrong = []
    hurry(far_gateway.process.pid)
    async with Scene(far_gateway, ear, ip=link.FAR, space=line.far) as s:
        calls = await connect_all(s, PAIRS, ip=link.FAR, space=line.far)
        ways = ways_of(calls, PAIRS, voices)
        line.lose()
        lates = await say_all([w.say for w in ways])
        line.repair()
        await end_all(calls)
    passed = line.passed()
    worse, more_gaps = [], 0
    for way, late in zip(ways, lates):
        there = [way.say.key(i) in passed for i in range(len(way.payloads))]
        lost = 1 - sum(there) / len(there)
        assert 0.02 < lost < 0.09, f"{way.name}: {lost:.1%} lost"
        ours, reference, heard, alone = way.compare(
            late, [p if t else None for p, t in zip(way.payloads, there)])
        gaps, theirs = (measure.gaps(way.said[way.rate], x, way.rate)
                        for x in (heard, alone))
        print(f"{way.name}: {lost:.1%} lost; {ours}; libraries alone: "
              f"{reference}; gaps {gaps} ms, libraries alone: {theirs} ms")
        worse.append(reference.snr - ours.snr)
        wrong += [f"{way.name}: {b}"
                  for b in ours.bad_as_to(reference, ONE_WAY_DB)]
        long = [ms for ms in gaps if ms > GAP_MAX_MS]
        if long or len(gaps) > len(theirs) + MORE_GAPS:
            wrong.append(f"{way.name}: gaps of {gaps} ms, not {theirs} ms")
        more_gaps += len(gaps) - len(theirs)
        whole(way)
    if more_gaps > MORE_GAPS_IN_ALL:
        wrong.append(f"{more_gaps} gaps more than the libraries have")
    if sum(worse) / len(worse) > measure.WORSE_DB:
        wrong.append(f"on the average {sum(worse) / len(worse):.1f} dB worse")
    assert not wrong, "\n".join(wrong)
