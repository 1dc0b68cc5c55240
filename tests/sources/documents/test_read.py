from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from memlearn.errors import ConfigError, SourceError
from memlearn.records import REJECT_SCHEMA
from memlearn.sources.config import DocumentSource
from memlearn.sources.context import SourceContext
from memlearn.sources.documents import decode_text, read_documents

BROKEN_PDFS = {
    "cut.pdf": b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "noise.pdf": b"not a pdf",
    "nothing.pdf": b"",
    "torn.pdf": b"%PDF-1.7\nxref\n0 2\n0000000000 65535 f\ntrailer\n<< /Root 1 0 R /Size 2 >>\nstartxref\n9\n%%EOF",
}


def test_a_broken_pdf_says_nothing_but_its_reject(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name, content in BROKEN_PDFS.items():
        (tmp_path / "d" / name).write_bytes(content)
    write(tmp_path / "d", {"ok.md": "Fine."})
    # A process of its own: pytest listens to all logs, so that none reaches standard error.
    program = (
        "import sys; from pathlib import Path; from memlearn.sources.config import DocumentSource; "
        "from memlearn.sources.context import SourceContext; from memlearn.sources.documents import read_documents; "
        "print(read_documents('d', DocumentSource(path='d'), SourceContext(Path(sys.argv[1])))[1]['file'].sort().to_list())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == f"{sorted(BROKEN_PDFS)}\n"


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_a_folder_is_read_with_its_subfolders_in_order(tmp_path: Path) -> None:
    write(
        tmp_path / "docs",
        {"b.md": "# B\n\nText b.", "sub/index.html": "<p>Text s.</p>", "a.txt": "Text a.", "logo.png": b"\x89PNG\x00", ".hidden.md": "x"},
    )
    documents, rejects = read_documents("rules", DocumentSource(path="docs", kind="policy"), SourceContext(tmp_path))
    assert [(document.document_id, document.title, document.kind) for document in documents] == [
        ("rules:a.txt", "A", "policy"),
        ("rules:b.md", "B", "policy"),
        ("rules:sub/index.html", "Sub", "policy"),
    ]
    assert rejects.schema == REJECT_SCHEMA
    assert rejects.is_empty()


def test_unusable_files_are_rejected_with_a_reason_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "d", {"ok.md": "Fine.", "empty.md": "---\ntitle: x\n---\n", "binary.txt": b"ab\x00cd", "scan.pdf": b"not a pdf"})
    documents, rejects = read_documents("d", DocumentSource(path="d"), SourceContext(tmp_path))
    assert [document.path for document in documents] == ["ok.md"]
    assert dict(rejects.select("file", "reason").iter_rows()).keys() == {"empty.md", "binary.txt", "scan.pdf"}
    assert set(rejects["row"]) == {0}
    by_file = dict(rejects.select("file", "reason").iter_rows())
    assert by_file["empty.md"] == "it holds no text"
    assert "NUL" in by_file["binary.txt"]


def test_a_named_file_of_another_kind_is_rejected_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "A.", "b.docx": b"PK"})
    _, rejects = read_documents("d", DocumentSource(path=["a.md", "b.docx"]), SourceContext(tmp_path))
    assert rejects["file"].to_list() == ["b.docx"]
    assert "'.docx'" in rejects["reason"][0]


def test_globs_excludes_and_variables(tmp_path: Path) -> None:
    write(tmp_path / "x", {"one/a.md": "A.", "two/a.md": "B.", "two/LICENSE.md": "L."})
    source = DocumentSource(path="${PLACE}/**/*.md", exclude=["**/LICENSE.md"])
    documents, _ = read_documents("d", source, SourceContext(tmp_path, variables={"PLACE": "x"}))
    assert [document.path for document in documents] == ["one/a.md", "two/a.md"]
    with pytest.raises(ConfigError, match="PLACE"):
        read_documents("d", source, SourceContext(tmp_path))


def test_the_same_name_in_two_folders_stays_apart(tmp_path: Path) -> None:
    write(tmp_path, {"x/a.md": "A.", "y/a.md": "B."})
    documents, _ = read_documents("d", DocumentSource(path=["x", "y"]), SourceContext(tmp_path))
    assert [document.document_id for document in documents] == ["d:x/a.md", "d:y/a.md"]


@pytest.mark.parametrize(
    ("path", "words"), [("missing", "does not exist"), ("none/*.md", "no file matches"), ("empty", "holds no document")]
)
def test_nothing_to_read_is_an_error_that_names_the_place(tmp_path: Path, path: str, words: str) -> None:
    write(tmp_path, {"empty/x.png": b"1"})
    with pytest.raises(SourceError, match=words) as caught:
        read_documents("d", DocumentSource(path=path), SourceContext(tmp_path))
    assert "'d'" in str(caught.value)


def test_a_source_of_which_no_file_can_be_used_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": b"x"})
    with pytest.raises(SourceError, match="none of its 1 file"):
        read_documents("d", DocumentSource(path="a.pdf"), SourceContext(tmp_path))


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("naïve".encode(), "auto", "naïve"),
        ("naïve".encode("utf-8-sig"), "auto", "naïve"),
        ("naïve".encode("utf-16"), "auto", "naïve"),
        ("naïve “x”".encode("cp1252"), "auto", "naïve “x”"),
        ("čaj".encode("iso8859-2"), "iso8859-2", "čaj"),
        (b"a\r\nb\rc", "auto", "a\nb\nc"),
    ],
)
def test_encodings(content: bytes, encoding: str, text: str) -> None:
    assert decode_text(content, encoding) == text


def test_html_says_its_own_charset() -> None:
    page = "<meta charset='iso-8859-2'><p>čaj</p>".encode("iso8859-2")
    assert "čaj" in decode_text(page, is_html=True)


@pytest.mark.parametrize(
    ("content", "encoding", "words"), [(b"\xff\xff", "utf-8", "utf-8"), (b"a", "klingon", "unknown"), (b"\x81\x8d", "auto", "no known")]
)
def test_text_that_cannot_be_decoded_says_so(content: bytes, encoding: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode_text(content, encoding)
