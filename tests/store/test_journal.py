from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import DamagedError, StoreError
from memlearn.store.journal import JournalWriter, Place, read_record, read_segment

RECORDS = [{"type": "intent", "number": number, "text": "päckchen " * number} for number in range(30)]


def write(folder: Path, records: list[dict[str, object]], name: str = "run-1") -> Path:
    writer = JournalWriter(folder, name)
    for record in records:
        writer.append(record)
    writer.close()
    return writer.path


def test_what_is_written_is_read_in_order_and_by_place(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "run-1")
    places = [writer.append(record).result() for record in RECORDS]
    assert [record for _, record in read_segment(writer.path)] == RECORDS
    writer.close()
    assert list(read_segment(writer.path)) == list(zip(places, RECORDS, strict=True))
    assert [read_record(tmp_path, place) for place in places] == RECORDS
    assert [record for _, record in read_segment(writer.path, places[7].offset)] == RECORDS[7:]


def test_many_threads_write_whole_records(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "run-1")
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda number: writer.append({"number": number, "text": "x" * number}).result(), range(400)))
    writer.close()
    assert [read_record(tmp_path, place)["number"] for place in places] == list(range(400))
    assert sorted(record["number"] for _, record in read_segment(writer.path)) == list(range(400))


def test_a_torn_end_is_left_out_wherever_it_is_torn(tmp_path: Path) -> None:
    path = write(tmp_path, RECORDS[:3])
    whole = path.read_bytes()
    ends = [*[place.offset for place, _ in read_segment(path)][1:], len(whole)]
    for size in range(len(whole)):
        for zeros in (0, 1, 40) if size >= len("memlearn journal 1\n") else (0,):
            path.write_bytes(whole[:size] + bytes(zeros))
            assert len(list(read_segment(path))) == sum(end <= size for end in ends)


def test_a_last_frame_of_other_bytes_was_never_relied_on(tmp_path: Path) -> None:
    path = write(tmp_path, RECORDS[:3])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert [record for _, record in read_segment(path)] == RECORDS[:2]


def test_damage_before_the_end_is_told_with_the_way_out(tmp_path: Path) -> None:
    path = write(tmp_path, RECORDS[:3])
    places = [place for place, _ in read_segment(path)]
    whole = path.read_bytes()
    for at in range(places[1].offset, places[2].offset):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedError, match=f"'run-1.journal' is damaged at byte {places[1].offset}.*backup.*paid"):
            list(read_segment(path))
        with pytest.raises(DamagedError, match="damaged"):
            read_record(tmp_path, places[1])
    with pytest.raises(DamagedError, match="damaged"):
        read_record(tmp_path, Place("run-2.journal", 19))
    path.write_bytes(b"something else")
    with pytest.raises(DamagedError, match="damaged at byte 0"):
        list(read_segment(path))


def test_a_segment_is_written_once(tmp_path: Path) -> None:
    write(tmp_path, RECORDS[:1])
    with pytest.raises(StoreError, match=r"journal 'run-1.journal' already"):
        JournalWriter(tmp_path, "run-1")


@given(st.lists(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())), max_size=5))
def test_any_json_comes_back(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]) -> None:
    path = write(tmp_path_factory.mktemp("journal"), records)
    assert [record for _, record in read_segment(path)] == records


CHILD = """
import sys
from memlearn.store.journal import JournalWriter
from pathlib import Path
writer = JournalWriter(Path(sys.argv[1]), "run-1")
number = 0
while True:
    writer.append({"number": number, "text": "x" * (number % 3000)}).result()
    print(number, flush=True)
    number += 1
"""


def test_what_was_reported_as_written_survives_a_kill(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(50):
        child.stdout.readline()
    child.kill()
    said = [int(line) for line in child.communicate()[0].split("\n")[:-1]]
    assert child.returncode == -signal.SIGKILL
    written = [record["number"] for _, record in read_segment(tmp_path / "run-1.journal")]
    assert written == list(range(len(written)))
    assert len(written) > max(said, default=49)


def test_a_full_disk_is_told_and_nothing_behind_it_counts(tmp_path: Path) -> None:
    """A limit of the file size is what a full disk is to the writer."""
    script = """
import resource, signal, sys
from pathlib import Path
from memlearn.errors import StoreError
from memlearn.store.journal import JournalWriter, read_segment
import random
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(Path(sys.argv[1]), "run-1")
writer.append({"number": 0}).result()
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
big = writer.append({"text": random.Random(1).randbytes(9000).hex()})
try:
    big.result()
except StoreError as error:
    assert "No room to write" in str(error), error
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
try:
    writer.append({"number": 2}).result()
except StoreError as error:
    assert "cannot be written any more" in str(error), error
print([record["number"] for _, record in read_segment(writer.path)])
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[0]\n"
