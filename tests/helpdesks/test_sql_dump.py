"""SQL dumps read, never run: the rows of the tables asked for, whatever wrote them, and nothing but rows whatever is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.helpdesks.sql_dump import parsed

DUMPS = [
    pytest.param(
        "CREATE TABLE `p_config` (`id` int, `key` varchar(64) DEFAULT 'a,b)', PRIMARY KEY (`id`));\n"
        "INSERT INTO `p_config` VALUES (1,'it\\'s; (so), \\n'),(2,NULL);",
        [{"id": "1", "key": "it's; (so), \n"}, {"id": "2", "key": None}],
        id="mysqldump",
    ),
    pytest.param(
        'SET standard_conforming_strings = on;\nCREATE TABLE public.p_config (id integer NOT NULL, "key" text);\n'
        "INSERT INTO public.p_config VALUES (1, 'a''b\\n');",
        [{"id": "1", "key": "a'b\\n"}],
        id="pg_dump with inserts",
    ),
    pytest.param(
        "PRAGMA foreign_keys=OFF;\nCREATE TABLE p_config (id INTEGER PRIMARY KEY, [key] blob);\n"
        "INSERT INTO p_config VALUES(1,replace('a\\nb','\\n',char(10)));",
        [{"id": "1", "key": "a\nb"}],
        id="sqlite3 .dump",
    ),
    pytest.param(
        "INSERT INTO p_config (`id`, `key`) VALUES (1, 'x');", [{"id": "1", "key": "x"}], id="columns in the insert"
    ),
    pytest.param(
        "CREATE TABLE p_config (id int); INSERT INTO p_config VALUES (1, 2);", [], id="another number of columns"
    ),
    pytest.param("INSERT INTO p_config VALUES (1);", [], id="a table nobody described"),
    pytest.param(
        "-- INSERT INTO p_config (id) VALUES (1);\n/* INSERT INTO p_config (id) VALUES (2); */", [], id="comments"
    ),
    pytest.param("CREATE TABLE other (id int); INSERT INTO other VALUES (1);", [], id="another table"),
    pytest.param("INSERT INTO p_config (id) VALUES ('never ends", [], id="cut off"),
]


@pytest.mark.parametrize(("text", "rows"), DUMPS)
def test_the_rows_of_a_dump(text: str, rows: list[dict[str, str | None]]) -> None:
    dump = parsed(text, lambda table: table == "p_config")
    assert dump.tables.get("p_config", []) == rows
    assert set(dump.tables) <= {"p_config"}


@given(st.text(max_size=300) | st.text("'\"`();,-/*\\# \n" + "INSERTOVALUCBx1", max_size=300))
def test_any_text_gives_rows_or_nothing(text: str) -> None:
    dump = parsed(f"CREATE TABLE t (a int, b text);\n{text}", lambda table: table == "t")
    assert all(set(row) <= {"a", "b"} or row for rows in dump.tables.values() for row in rows)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=5))
def test_what_was_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"

    values = ",".join(f"({quoted(a)},{quoted(b)})" for a, b in rows)
    dump = parsed(f"CREATE TABLE t (`a` text, `b` text);\nINSERT INTO t VALUES {values};", lambda table: table == "t")
    assert [(row["a"], row["b"]) for row in dump.tables["t"]] == rows
