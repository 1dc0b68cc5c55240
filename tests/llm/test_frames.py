from __future__ import annotations

import asyncio
import socket
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from memlearn.llm.frames import Kind, Link, pack

FRAMES = st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**64 - 1), st.binary(max_size=40)), max_size=8)


class Noting(Link):
    """Keeps what comes."""

    def __init__(self, expected: int = -1) -> None:
        super().__init__()
        self.expected = expected
        self.all_come = asyncio.Event()
        self.frames: list[tuple[Kind, int, bytes]] = []

    def received(self, kind: Kind, number: int, content: bytes) -> None:
        self.frames.append((kind, number, content))
        if len(self.frames) == self.expected:
            self.all_come.set()


@given(FRAMES, st.lists(st.integers(0, 400)))
def test_frames_come_whole_however_the_stream_is_cut(frames: list[tuple[Kind, int, bytes]], cuts: list[int]) -> None:
    receiver, stream = Noting(), b"".join(pack(*frame) for frame in frames)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in pairwise(places):
        receiver.data_received(stream[start:end])
    # Nothing is left over that would spoil what comes next.
    receiver.data_received(pack(Kind.READY))
    assert receiver.frames == [*frames, (Kind.READY, 0, b"")]


def test_large_frames_pass_both_ways_what_is_sent_before_the_connection_first() -> None:
    async def work() -> None:
        loop, (left, right) = asyncio.get_running_loop(), socket.socketpair()
        one, other = Noting(4), Noting(5)
        one.send(Kind.SETUP, 0, b"early")
        await loop.create_connection(lambda: one, sock=left)
        await loop.create_connection(lambda: other, sock=right)
        large = bytes(range(256)) * 20_000
        for number in range(4):
            one.send(Kind.ASK, number, large)
            other.send(Kind.REPLY, number, large)
        async with asyncio.timeout(30):
            await asyncio.gather(one.all_come.wait(), other.all_come.wait())
        assert other.frames == [(Kind.SETUP, 0, b"early"), *((Kind.ASK, number, large) for number in range(4))]
        assert one.frames == [(Kind.REPLY, number, large) for number in range(4)]
        for link in (one, other):
            link.cut()

    asyncio.run(work())
