"""`export`: whole files or none, nobody's data by accident, and rows that are read only as they are written."""

import contextlib
import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click.testing
import psycopg
import pytest
from click.testing import Result
from sqlalchemy import Connection, event, insert, text

from mo_gateway import sheets
from mo_gateway.cli import main
from mo_gateway.cli import progress as progress_bar
from mo_gateway.cli.export import export
from mo_gateway.gateway import Gateway
from mo_gateway.store import exports, reading
from mo_gateway.store.exports import Choice
from mo_gateway.store.report_tables import report_word
from mo_gateway.store.sqlite import LockedCursor
from mo_gateway.store.views import VIEWS, making

from .commands import HOSTILE, RAW_HOSTILE, environ_of, interrupt, invoke, table
from .reporting import NOON, store_at, view_named

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TODAY = date(2026, 11, 22)
FORMULA = "=cmd|' /C calc'!A0"

#: The program, as it is before and after this command has its place in it.
PROGRAM = (
    "from mo_gateway.cli import main; from mo_gateway.cli.export import export; main.add_command(export); main()"
)

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs `mo-gateway export …` in the zone of Amsterdam, where nothing else is said."""
    monkeypatch.setitem(main.commands, "export", export)

    def run(*arguments: str | int | Path, **changes: str) -> Result:
        return invoke(gateway, "export", *map(str, arguments), **{"TIMEZONE": "Europe/Amsterdam", **changes})

    return run


def add_words(gateway: Gateway, *days: date, word: str = "hello", words: int = 1) -> None:
    """Let people have sent words that no handler took: on each of these days so many different ones."""
    row = {"shortcode": "4414", "messages": 2}
    rows = [{**row, "local_date": day, "word": f"{word}{n or ''}"} for day in days for n in range(words)]
    with gateway.engine.begin() as conn:
        conn.execute(insert(report_word), rows)


def read(result: Result, delimiter: str = ",") -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    content = io.StringIO(result.stdout_bytes.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(content, delimiter=delimiter, strict=True))


def days_of(result: Result) -> list[str]:
    return [row["local_date"] for row in read(result)]


def files_in(folder: Path) -> list[str]:
    """Name what lies in a folder, hidden files too; the database of a test is not looked at."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("mo-gateway"))


@contextlib.contextmanager
def snapshot_of(gateway: Gateway) -> Iterator[Any]:
    with reading.opened(gateway.settings) as engine, exports.snapshot(engine) as conn:
        yield conn


def words_chosen(**changes: Any) -> Choice:
    return Choice(**{"view": view_named("report_unmatched"), "zone": AMSTERDAM, "is_revealed": True, **changes})


# views


def test_without_a_view_all_are_listed_with_what_a_row_of_each_is(run: Run) -> None:
    headers, *listed = table(run())

    assert headers == ["VIEW", "ONE ROW IS"]
    assert listed == [[view.name, view.grain] for view in VIEWS]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report_dayly", "did you mean report_daily?"),
        ("daily", "did you mean report_daily?"),
        ("mo_message", "there are report_messages, report_attempts, report_replies"),
    ],
)
def test_a_view_that_is_none_is_a_usage_error_which_names_what_there_is(run: Run, name: str, said: str) -> None:
    result = run(name)

    assert result.exit_code == 2
    assert f"{name!r} is no view; {said}" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("form", sheets.FORMS)
def test_every_view_is_exported_in_every_form(gateway: Gateway, run: Run, form: str) -> None:
    store_at(gateway, datetime.now(UTC))
    for view in VIEWS:
        result = run(view.name, "--for", form, "--reveal")

        assert (view.name, result.exit_code, result.stderr) == (view.name, 0, "")


def test_a_database_without_the_view_is_told_what_makes_it(gateway: Gateway, run: Run) -> None:
    with gateway.engine.begin() as conn:
        making.drop(conn)

    result = run("report_columns")

    assert result.exit_code == 4
    assert "`mo-gateway db upgrade`" in result.stderr


# rows


def test_messages_come_as_csv_in_the_order_of_the_view(gateway: Gateway, run: Run) -> None:
    first = store_at(gateway, datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC))
    second = store_at(gateway, datetime(2026, 11, 22, 11, 0, tzinfo=UTC), MSISDN="32412345679")

    result = run("report_messages")

    assert result.stdout_bytes.startswith(b"message_id,provider,shortcode,country,operator,person_key,")
    assert result.stdout_bytes.endswith(b"\r\n")
    assert [(row["message_id"], row["received_at_amsterdam"], row["is_test"]) for row in read(result)] == [
        (str(first), "2026-11-22 13:00:01+01:00", "false"),
        (str(second), "2026-11-22 12:00:00+01:00", "false"),
    ]


def test_the_same_rows_are_exported_twice_as_the_same_bytes(gateway: Gateway, run: Run) -> None:
    add_words(gateway, date(2026, 11, 2), date(2026, 11, 1), words=20)

    assert run("report_unmatched").stdout_bytes == run("report_unmatched").stdout_bytes


def test_excel_gets_dates_and_numbers_that_it_reads(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC), SHORTCODE="4414", OPERATOR="20601")

    result = run("report_messages", "--for", "excel-nl")

    (row,) = read(result, ";")
    assert result.stdout_bytes.startswith(b"\xef\xbb\xbfmessage_id;")
    assert row["received_at_amsterdam"] == "2026-11-22 13:00:01"
    assert (row["shortcode"], row["operator"], row["is_test"], row["has_text"]) == ("4414", "20601", "0", "1")
    assert row["timestamp_raw"] == "'20261122130001"


def test_excel_keeps_a_phone_number_whole(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime.now(UTC), MSISDN="32412345678")

    (row,) = read(run("report_people_private", "--for", "excel-nl", "--reveal"), ";")

    assert row["msisdn"] == "'32412345678"


def test_json_lines_have_times_in_utc_and_texts_as_they_came(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime(2026, 11, 22, 12, 0, 1, 5, tzinfo=UTC), PARM=FORMULA)

    row = json.loads(run("report_messages", "--for", "jsonl", "--reveal").stdout)

    assert row["received_at"] == "2026-11-22T12:00:01.000005+00:00"
    assert row["parm"] == FORMULA
    assert (row["deliveries"], row["is_test"], row["handled_at"]) == (1, False, None)


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("excel-nl", ";")])
def test_a_formula_from_a_phone_is_made_harmless(gateway: Gateway, run: Run, form: str, delimiter: str) -> None:
    store_at(gateway, datetime.now(UTC), PARM=FORMULA)

    (row,) = read(run("report_messages", "--for", form, "--reveal"), delimiter)

    assert row["parm"] == f"'{FORMULA}"


@pytest.mark.parametrize(
    ("zone", "column", "times"),
    [
        ("Europe/Amsterdam", "received_at_amsterdam", ["2026-10-25 02:30:00+02:00", "2026-10-25 02:30:00+01:00"]),
        ("UTC", "received_at_utc", ["2026-10-25 00:30:00+00:00", "2026-10-25 01:30:00+00:00"]),
    ],
)
def test_moments_are_in_the_configured_zone_and_the_hour_that_comes_twice_is_two(
    gateway: Gateway, run: Run, zone: str, column: str, times: list[str]
) -> None:
    for hour in (0, 1):
        store_at(gateway, datetime(2026, 10, 25, hour, 30, tzinfo=UTC), MSISDN=f"3241234567{hour}")

    result = run("report_messages", TIMEZONE=zone)

    assert [row[column] for row in read(result)] == times


def test_what_is_no_row_is_a_header(run: Run) -> None:
    result = run("report_unmatched", "--reveal")

    assert result.stdout_bytes == b"local_date,shortcode,word,messages,nearest_keyword,distance\r\n"


# since, until and limit


def test_dates_are_chosen_with_both_of_their_ends(gateway: Gateway, run: Run) -> None:
    add_words(gateway, *(date(2026, 11, day) for day in range(1, 6)))

    def days(*options: str) -> list[str]:
        return [day[-2:] for day in days_of(run("report_unmatched", *options))]

    assert days("--since", "2026-11-02", "--until", "2026-11-04") == ["02", "03", "04"]
    assert days("--since", "2026-11-04T15:00") == ["04", "05"]
    assert days("--until", "2026-11-02T15:00") == ["01", "02"]
    assert days("--until", "2026-11-02T00:00") == ["01"]
    assert days("--limit", "2") == ["01", "02"]


def test_moments_are_chosen_from_then_on_and_before_then(gateway: Gateway, run: Run) -> None:
    for hour in range(4):
        store_at(gateway, datetime(2026, 10, 25, hour, tzinfo=UTC), MSISDN=f"3241234567{hour}")

    def ids(*options: str) -> list[str]:
        return [row["message_id"] for row in read(run("report_messages", *options))]

    assert ids("--since", "2026-10-25T00:00Z", "--until", "2026-10-25T02:00Z") == ["1", "2"]
    assert ids("--since", "2026-10-25T04:00", "--until", "2026-10-25") == ["4"]  # 03:00 UTC
    assert ids("--until", "2026-10-24") == []


@pytest.mark.parametrize(
    ("view", "column"),
    [
        ("report_messages", "received_at"),
        ("report_attempts", "started_at"),
        ("report_replies", "queued_at"),
        ("report_daily", "local_date"),
        ("report_hourly", "hour_at"),
        ("report_intake", "hour_at"),
        ("report_keywords", None),
        ("report_unmatched", "local_date"),
        ("report_votes", "voted_at"),
        ("report_vote_totals", None),
        ("report_subscriptions", "since_at"),
        ("report_opt_outs", "at"),
        ("report_problems", "since_at"),
        ("report_people", "last_at"),
        ("report_people_private", None),
        ("report_columns", None),
    ],
)
def test_each_view_has_one_time_that_since_is_about_or_none(view: str, column: str | None) -> None:
    found = exports.time_column(view_named(view))

    assert (found.name if found else None) == column


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_view_without_a_time_refuses_since_and_until(run: Run, option: str) -> None:
    result = run("report_vote_totals", option, "2026-11-01")

    assert result.exit_code == 2
    assert "report_vote_totals has no time that --since and --until could be about" in result.stderr


def test_a_time_that_is_none_or_over_before_it_begins_is_a_usage_error(run: Run) -> None:
    assert run("report_daily", "--since", "yesterday").exit_code == 2
    assert run("report_daily", "--since", "2026-11-02", "--until", "2026-11-01").exit_code == 2


# what is not for everybody


def test_personal_columns_are_left_out_and_that_is_said(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime.now(UTC), KEYWORD="Win", PARM="my secret")

    result = run("report_messages")

    assert "parm" not in read(result)[0]
    assert "my secret" not in result.stdout
    assert "parm; --reveal adds them" in result.stderr


def test_personal_columns_are_there_where_they_are_asked_for(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime.now(UTC), KEYWORD="Win", PARM="my secret")

    result = run("report_messages", "--reveal")

    assert (read(result)[0]["keyword"], read(result)[0]["parm"]) == ("Win", "my secret")
    assert result.stderr == ""


def test_a_private_view_is_refused_unless_it_is_revealed(gateway: Gateway, run: Run) -> None:
    store_at(gateway, datetime.now(UTC), MSISDN="32412345678")

    refused, revealed = run("report_people_private"), run("report_people_private", "--reveal")

    assert refused.exit_code == 2
    assert "only --reveal exports it" in refused.stderr
    assert "32412345678" not in refused.output
    assert [row["msisdn"] for row in read(revealed)] == ["32412345678"]


def test_a_strangers_text_cannot_draw_on_the_terminal(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_words(gateway, date(2026, 11, 1), word=HOSTILE)
    in_a_file = run("report_unmatched", "--for", "excel-nl", "--reveal").stdout
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)

    on_a_terminal = run("report_unmatched", "--for", "excel-nl", "--reveal").stdout

    assert "\x1b" in in_a_file
    assert not [character for character in (*RAW_HOSTILE, "\ufeff") if character in on_a_terminal]
    assert len(on_a_terminal.splitlines()) == 2


# files


def test_a_file_has_the_same_bytes_and_is_for_its_owner_only(gateway: Gateway, run: Run, tmp_path: Path) -> None:
    add_words(gateway, date(2026, 11, 1))
    folder = tmp_path / "reports"
    folder.mkdir()

    result = run("report_unmatched", "--reveal", "-o", folder / "words.csv")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Written to {folder / 'words.csv'}.\n"
    assert (folder / "words.csv").read_bytes() == run("report_unmatched", "--reveal").stdout_bytes
    assert stat.S_IMODE((folder / "words.csv").stat().st_mode) == 0o600
    assert files_in(folder) == ["words.csv"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ((), f"report_unmatched-{TODAY}.csv"),
        (("--since", "2026-11-01", "--until", "2026-11-30"), "report_unmatched-2026-11-01-to-2026-11-30.csv"),
        (("--since", "2026-11-01"), f"report_unmatched-2026-11-01-to-{TODAY}.csv"),
        (("--until", "2026-11-30"), "report_unmatched-to-2026-11-30.csv"),
        (("--until", "2026-11-30T00:00", "--limit", "5"), "report_unmatched-to-2026-11-29-first-5.csv"),
        (("--for", "jsonl"), f"report_unmatched-{TODAY}.jsonl"),
        (("--for", "excel-nl"), f"report_unmatched-{TODAY}.csv"),
    ],
)
def test_a_file_in_a_folder_is_named_after_what_is_in_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], name: str
) -> None:
    monkeypatch.setattr("mo_gateway.cli.export.utc_now", lambda: NOON)
    (tmp_path / "reports").mkdir()

    result = run("report_unmatched", *options, "-o", f"{tmp_path}/reports/")

    assert result.exit_code == 0
    assert f"Written to {tmp_path}/reports/{name}." in result.stderr
    assert files_in(tmp_path / "reports") == [name]


def test_a_file_that_is_there_is_refused_unless_it_may_be_written_over(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("mine")

    refused = run("report_unmatched", "-o", path)
    is_untouched = path.read_text() == "mine"
    forced = run("report_unmatched", "-o", path, "--force")

    assert refused.exit_code == 1
    assert f"{path} is there already: --force writes over it" in refused.stderr
    assert is_untouched
    assert forced.exit_code == 0
    assert path.read_text().startswith("local_date")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_somebody_makes_meanwhile_is_not_written_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "words.csv"

    def made_meanwhile(*_arguments: object) -> Iterator[str]:
        path.write_text("theirs")
        yield "ours"

    monkeypatch.setattr(sheets, "lines", made_meanwhile)

    result = run("report_unmatched", "-o", path)

    assert result.exit_code == 1
    assert path.read_text() == "theirs"
    assert files_in(tmp_path) == ["words.csv"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/words.csv", "there is no folder"),
        ("nowhere/", "there is no folder"),
        ("pipe", "is no file that could be written over"),
    ],
)
def test_a_place_where_no_file_can_be_is_told_in_a_sentence(
    run: Run, tmp_path: Path, place: str, said: str
) -> None:
    os.mkfifo(tmp_path / "pipe")

    result = run("report_unmatched", "--force", "-o", f"{tmp_path}/{place}")

    assert result.exit_code == 1
    assert said in result.stderr.splitlines()[-1]
    assert files_in(tmp_path) == ["pipe"]


def test_a_link_stays_one_and_what_it_leads_to_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "words.csv")

    run("report_unmatched", "-o", tmp_path / "link.csv")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "words.csv").read_text().startswith("local_date")


def failing_with(error: BaseException) -> Callable[..., Iterator[str]]:
    """Give what writes a line, and then does not go on."""

    def lines(*_arguments: object) -> Iterator[str]:
        yield "half a file"
        raise error

    return lines


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize(
    ("error", "exit_code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 1)]
)
def test_where_it_does_not_end_well_nothing_is_left_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, exit_code: int, is_there: bool
) -> None:
    path = tmp_path / "words.csv"
    if is_there:
        path.write_text("mine")
    monkeypatch.setattr(sheets, "lines", failing_with(error))

    result = run("report_unmatched", "-o", path, "--force")

    assert result.exit_code == exit_code
    assert files_in(tmp_path) == (["words.csv"] if is_there else [])
    assert not is_there or path.read_text() == "mine"


def test_a_disk_that_does_not_keep_the_file_is_told_in_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> NoReturn:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("mo_gateway.cli.whole_file.os.fsync", fail)

    result = run("report_unmatched", "-o", tmp_path / "words.csv")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == f"{tmp_path}/words.csv cannot be written: Input/output error"
    assert files_in(tmp_path) == []


def test_stdout_on_a_full_disk_is_told_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "lines", failing_with(OSError(28, "No space left on device")))

    result = run("report_columns")

    assert result.exit_code == 1
    assert result.stderr == "stdout cannot be written: No space left on device\n"


# many rows


def fetches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list of how many rows were fetched each time; to fetch all at once is an error."""
    seen: list[int] = []

    for cursor in (LockedCursor, psycopg.ServerCursor):
        fetchmany = cursor.fetchmany

        def counting(self: Any, size: int = 0, fetchmany: Any = fetchmany) -> Any:
            found = fetchmany(self, size)
            seen.append(len(found))
            return found

        def all_at_once(_self: Any) -> NoReturn:
            raise AssertionError("all rows are fetched at once")

        monkeypatch.setattr(cursor, "fetchmany", counting, raising=False)
        monkeypatch.setattr(cursor, "fetchall", all_at_once, raising=False)
    return seen


def test_rows_are_fetched_by_chunks_and_no_more_of_them_than_are_read(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_words(gateway, date(2026, 11, 1), words=10)
    monkeypatch.setattr(exports, "CHUNK", 3)
    told: list[int] = []

    with snapshot_of(gateway) as conn:
        seen = fetches(monkeypatch)
        with contextlib.closing(exports.rows(conn, words_chosen(), tell=told.append)) as rows:
            for _ in range(4):
                next(rows)

    assert max(seen) == 3
    assert sum(seen) <= 6
    assert told == [3]


def test_who_has_read_enough_ends_the_reading(gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_words(gateway, date(2026, 11, 1), words=10)
    monkeypatch.setattr(exports, "CHUNK", 3)
    written: list[str] = []

    def write(line: str) -> None:
        written.append(line)
        if len(written) == 3:
            raise BrokenPipeError

    with reading.opened(gateway.settings) as engine:
        seen = fetches(monkeypatch)
        with pytest.raises(BrokenPipeError):
            write_rows(engine, write)

    assert len(written) == 3
    assert sum(seen) <= 3


def write_rows(engine: Any, write: Callable[[str], None]) -> None:
    chosen = words_chosen()
    columns = {one.name: one.kind for one in chosen.columns}
    with exports.snapshot(engine) as conn, contextlib.closing(exports.rows(conn, chosen)) as rows:
        for line in sheets.lines("csv", columns, rows, AMSTERDAM):
            write(line)


def test_all_rows_are_of_one_moment(gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_words(gateway, date(2026, 11, 1), words=10)
    monkeypatch.setattr(exports, "CHUNK", 3)

    with snapshot_of(gateway) as conn:
        counted = exports.count(conn, words_chosen())
        add_words(gateway, date(2026, 11, 2), words=10)
        read = list(exports.rows(conn, words_chosen()))

    assert (counted, len(read)) == (10, 10)


def test_a_limit_holds_for_the_count_too(gateway: Gateway, run: Run) -> None:
    add_words(gateway, date(2026, 11, 1), words=10)

    with snapshot_of(gateway) as conn:
        assert exports.count(conn, words_chosen(limit=4)) == 4
        assert exports.count(conn, words_chosen(since=datetime.now(UTC) + timedelta(days=2))) == 0


def test_postgresql_is_read_by_a_cursor_of_the_server_in_a_transaction_that_cannot_write(
    gateway: Gateway, run: Run
) -> None:
    if gateway.settings.is_sqlite:
        pytest.skip("SQLite has neither")
    add_words(gateway, date(2026, 11, 1), words=3)

    with snapshot_of(gateway) as conn:
        settings = [conn.scalar(text(f"SHOW transaction_{name}")) for name in ("isolation", "read_only")]
        with contextlib.closing(exports.rows(conn, words_chosen())) as rows:
            next(rows)
            cursors = conn.scalar(text("SELECT count(*) FROM pg_cursors"))

    assert settings == ["repeatable read", "on"]
    assert cursors == 1


def test_rows_are_counted_only_where_somebody_sees_the_bar(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    count = exports.count

    def counting(conn: Connection, chosen: Choice) -> int:
        counts.append(count(conn, chosen))
        return counts[-1]

    monkeypatch.setattr(exports, "count", counting)
    monkeypatch.setattr(progress_bar, "MANY", 2)
    add_words(gateway, date(2026, 11, 1), words=3)
    in_a_pipe = run("report_unmatched", "--reveal")
    counted_in_a_pipe = [*counts]
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)

    on_a_terminal = run("report_unmatched", "--reveal")

    assert (counted_in_a_pipe, in_a_pipe.stderr) == ([], "")
    assert counts == [3]
    assert "report_unmatched" in on_a_terminal.stderr


def test_a_pipe_that_nobody_reads_any_more_ends_it_quietly(gateway: Gateway, run: Run) -> None:
    add_words(gateway, date(2026, 11, 1), words=20_000)
    environ = {**os.environ, **environ_of(gateway)}

    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "export", "report_unmatched", "--reveal"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdout
        assert program.stderr
        first = program.stdout.readline()
        program.stdout.close()
        said = program.stderr.read()

    assert first.startswith(b"local_date,")
    assert said == b""


def test_ctrl_c_leaves_no_file_behind_and_says_so_by_its_exit_code(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "check", interrupt)

    assert run("report_unmatched", "-o", tmp_path / "words.csv").exit_code == 130
    assert files_in(tmp_path) == []


def test_export_changes_nothing(gateway: Gateway, run: Run) -> None:
    add_words(gateway, date(2026, 11, 1))
    statements: list[str] = []
    with reading.opened(gateway.settings) as engine:
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        write_rows(engine, lambda _line: None)

    assert statements
    assert not [one for one in statements if not one.lstrip().upper().startswith("SELECT")]
