"""Texts that xgettext cannot find, as gettext templates:

    language_texts.py openapi FILE    what people read of the API's description: descriptions, summaries, titles
    language_texts.py tables          the client's tables (help, headings, states), of preprocessed C on standard input
"""
import json
import re
import sys

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


def write(entries):
    seen = set()
    print(HEADER)
    for comment, context, text in entries:
        if not text or (context, text) in seen:
            continue
        seen.add((context, text))
        print(f"#. {comment}")
        if context:
            print(f"msgctxt {json.dumps(context)}")
        print(f"msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr \"\"\n")


def descriptions(node, path=()):
    """What examples hold is data."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("description", "summary", "title") and isinstance(value, str):
                yield "/".join(path), None, value
            elif key not in ("example", "examples", "default", "enum", "const"):
                yield from descriptions(value, path + (key,))
    elif isinstance(node, list):
        for item in node:
            yield from descriptions(item, path)


STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
NULL = r"\(\(void \*\)0\)"
ROWS = (
    # a table row's first words, the context of what is picked, which groups are picked, and what they are
    (re.compile(r"\{\s*%s,\s*(?:%s|%s),\s*%s,\s*(?:%s|%s),\s*command_" % (STRING, STRING, NULL, STRING, STRING, NULL)), None, (3, 4), "help"),
    (re.compile(r"\{\s*%s,\s*(?:%s|%s),\s*%s\}" % (STRING, STRING, NULL, STRING)), None, (3,), "help of an option"),
    (re.compile(r"\{\s*%s,\s*menu_" % STRING), None, (1,), "heading of the menu"),
    (re.compile(r"\{\s*%s,\s*%s,\s*(?:0|CELL_\w+)\}" % (STRING, STRING)), None, (1,), "heading of a column"),
    (re.compile(r"\{\s*%s,\s*STYLE_" % STRING), "state", (1,), "state"),
    (re.compile(r"\{\s*%s,\s*\w+_tell\}" % STRING), "kind", (1,), "kind of thing"),
)


def joined(literal):
    """Adjacent C literals as one text."""
    return json.loads('"' + "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)) + '"')


def tables(source):
    found = []
    for pattern, context, groups, comment in ROWS:
        for match in pattern.finditer(source):
            found += [(match.start(), comment, context, joined(match[group])) for group in groups if match[group]]
    return [entry[1:] for entry in sorted(found, key=lambda entry: entry[0])]


if sys.argv[1:2] == ["openapi"]:
    with open(sys.argv[2], encoding="utf-8") as file:
        write(descriptions(json.load(file)))
elif sys.argv[1:] == ["tables"]:
    write(tables(sys.stdin.read()))
else:
    sys.exit(__doc__)
