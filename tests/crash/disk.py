"""A disk as it may be after the power went, made from what recorder.c recorded.

A file is what was synced, and beside it the writes since: of these any may have reached the disk, whole, in part, or not at all, in any
order. Names are the same: what was made, renamed or removed in a folder since the folder was synced may be so or not, in the order
in which it was done."""

import collections
import os
import pathlib
import struct

HEAD = struct.Struct("<QIIqI")
CREATE, MKDIR, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, LINK, RENAME, UNLINK, OPEN, START = range(1, 12)
SECTOR, PAGE = 512, 4096

Record = collections.namedtuple("Record", "time_ns type file offset data")


def read_log(path):
    records, log, at = [], pathlib.Path(path).read_bytes(), 0
    while at < len(log):
        time_ns, kind, file, offset, length = HEAD.unpack_from(log, at)
        at += HEAD.size
        records.append(Record(time_ns, kind, file, offset, log[at : at + length]))
        at += length
    return records


def put(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def apply(content, record):
    if record.type == WRITE:
        put(content, record.offset, record.data)
    elif len(content) > record.offset:
        del content[record.offset :]
    else:
        content.extend(bytes(record.offset - len(content)))


def pieces(record, size):
    """A write in the pieces that a disk writes at once."""
    at, end = record.offset, record.offset + len(record.data)
    while at < end:
        stop = min(end, (at // size + 1) * size)
        yield at, record.data[at - record.offset : stop - record.offset]
        at = stop


class File:
    def __init__(self, content=b""):
        self.synced, self.pending, self.dropped = bytearray(content), [], 0  # dropped: how many ever became synced

    def sync(self, count):
        """The first `count` writes there ever were are on disk."""
        for record in self.pending[: max(0, count - self.dropped)]:
            apply(self.synced, record)
        del self.pending[: max(0, count - self.dropped)]
        self.dropped = max(self.dropped, count)

    def after_power_cut(self, rng, mode):
        content = bytearray(self.synced)
        if mode == "nothing" or not self.pending:
            return content
        last = rng.randrange(len(self.pending) + 1) if mode == "prefix" else len(self.pending)
        chance, size = rng.choice((0.1, 0.5, 0.9)), rng.choice((SECTOR, PAGE))
        for place, record in enumerate(self.pending):
            whole = mode == "all" or (mode == "prefix" and place < last) or record.type != WRITE
            if whole and (mode != "torn" or rng.random() < chance):
                apply(content, record)
            elif mode == "torn" or (mode == "prefix" and place == last):
                for offset, data in pieces(record, size):
                    if rng.random() < chance:
                        put(content, offset, data)
        return content


MODES = ("nothing", "all", "prefix", "torn", "torn")


class Disk:
    def __init__(self, directory):
        """As `directory` is now, all of it synced."""
        self.root = str(pathlib.Path(directory).resolve())
        self.names, self.folders = {}, {self.root}  # synced
        self.present = {}  # names as the program sees them
        self.files, self.changes, self.begun = {}, collections.defaultdict(list), {}  # files: by number
        self.removed = collections.Counter()  # changes of each folder that became synced
        for folder, _, files in os.walk(self.root):
            self.folders.add(folder)
            for name in files:
                path = os.path.join(folder, name)
                self.names[path] = self.present[path] = File(pathlib.Path(path).read_bytes())

    # ---- what the program did ----

    def take(self, record):
        path = record.data.decode() if record.type in (CREATE, OPEN, MKDIR, UNLINK) else None
        if record.type == START:
            self.files.clear()  # another process, which numbers files anew
        elif record.type == OPEN:
            self.files[record.file] = self.present[path]
        elif record.type == CREATE:
            self.files[record.file] = File()
            self.change(path, (CREATE, path, self.files[record.file]))
        elif record.type in (LINK, RENAME):
            old, new = record.data.decode().split("\0")
            self.change(new, (record.type, new, self.present[old], old))
        elif record.type in (MKDIR, UNLINK):
            self.change(path, (record.type, path))
        elif record.type in (WRITE, TRUNCATE):
            self.files[record.file].pending.append(record)
        elif record.type == SYNC_BEGIN:
            self.begun[record.offset] = self.reached(record)
        else:
            self.synced(record, self.begun.pop(record.offset))

    def change(self, path, change):
        rename_names(self.present, self.folders, change, made=False)
        self.changes[os.path.dirname(path)].append(change)

    def reached(self, record):
        if record.data:
            return self.removed[record.data.decode()] + len(self.changes[record.data.decode()])
        file = self.files[record.file]
        return file.dropped + len(file.pending)

    def synced(self, record, count):
        if not record.data:
            self.files[record.file].sync(count)
            return
        folder = record.data.decode()
        now = max(0, count - self.removed[folder])
        for change in self.changes[folder][:now]:
            rename_names(self.names, self.folders, change)
        del self.changes[folder][:now]
        self.removed[folder] += now

    # ---- what is left of it ----

    def power_cut(self, rng, folder):
        """Writes one of the states that are possible now into `folder`; returns what it was made by."""
        target = str(folder)
        mode, names, folders = rng.choice(MODES), dict(self.names), set(self.folders)
        for changes in self.changes.values():
            count = {"nothing": 0, "all": len(changes)}.get(mode, rng.randrange(len(changes) + 1))
            for change in changes[:count]:
                rename_names(names, folders, change)
        for folder in sorted(folders):  # parents first
            if folder == self.root or os.path.dirname(folder) in folders:
                os.mkdir(target + folder[len(self.root) :], 0o700)
            else:
                folders.remove(folder)
        contents = {}
        for path, file in names.items():
            if os.path.dirname(path) not in folders:
                continue
            if id(file) not in contents:
                contents[id(file)] = file.after_power_cut(rng, mode)
            place = target + path[len(self.root) :]
            with open(place, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
                out.write(contents[id(file)])
        return mode


def rename_names(names, folders, change, made=True):
    """One change of a name done to a table of names; `made`: folders appear as well."""
    kind, path = change[:2]
    if kind == UNLINK:
        names.pop(path, None)
    elif kind == MKDIR:
        if made:
            folders.add(path)
    else:
        names[path] = change[2]
        if kind == RENAME:
            names.pop(change[3], None)
