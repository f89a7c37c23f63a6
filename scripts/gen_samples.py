#!/usr/bin/env python3
"""Writes samples/<case>/: capture, args, README.md.  usage: scripts/gen_samples.py [--check] [CASE...]

Every case is a function of samples_forged.py or samples_innocent.py; its docstring is the text of the case's README,
in which {forged} and other marks become frame numbers. Golden findings.csv files are not made here: `make golden-accept
CASE=` does that, from what the program says. --check writes nothing and fails when a file differs from what would be
written."""

import gzip
import inspect
import os
import sys

sys.dont_write_bytecode = True

import samples_docs  # noqa: F401 (registers its cases, as the next ones do)
import samples_forged  # noqa: F401
import samples_innocent  # noqa: F401
import samples_resets  # noqa: F401
import samples_silence  # noqa: F401
import samples_tls  # noqa: F401
from cast import CASES
from wire import gzipped


def frames_text(numbers):
    """1, 2, 3, 7 -> "frames 1 to 3, 7"."""
    runs = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    words = [str(a) if a == b else '%d to %d' % (a, b) if b > a + 1 else '%d, %d' % (a, b) for a, b in runs]
    return ('frame ' if len(numbers) == 1 else 'frames ') + ', '.join(words)


class Frames(dict):
    def __init__(self, capture):
        self.capture = capture

    def __missing__(self, mark):
        numbers = self.capture.marked(mark)
        if not numbers:
            raise KeyError(mark)
        return frames_text(numbers)


def files_of(name):
    """Paths from the root of the repository, and what they hold."""
    function, filename, how = CASES[name]
    capture = function()
    if 'interfaces' in how:
        data = capture.pcapng(how['interfaces'])
    else:
        data = capture.pcap(how.get('order', '<'), how.get('nano', False), how.get('snaplen', 262144))
    if filename.endswith('.gz'):
        data = gzipped(data)
    if 'folder' in how:
        return {how['folder'] + '/' + filename: data}
    title, _, text = inspect.getdoc(function).partition('\n')
    text = '# %s\n%s\n\n' % (title, text.format_map(Frames(capture)))
    text += 'Made by `scripts/gen_samples.py` (function `%s`), packet by packet; no traffic of anybody is in it.' % name
    text += ' %d frames.\n' % len(capture.frames)
    folder = 'samples/%s/' % name
    return {folder + filename: data, folder + 'README.md': text.encode(), folder + 'args': b'--no-hash\n'}


def same(path, data):
    try:
        with open(path, 'rb') as f:
            old = f.read()
    except OSError:
        return False
    if path.endswith('.gz'):
        return gzip.decompress(old) == gzip.decompress(data)
    return old == data


def main():
    check = '--check' in sys.argv
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    different = 0
    for name in [a for a in sys.argv[1:] if a != '--check'] or CASES:
        for path, data in files_of(name).items():
            if same(path, data):
                continue
            different += 1
            if check:
                print('%s: not what gen_samples.py makes' % path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(data)
    sys.exit(1 if check and different else 0)


if __name__ == '__main__':
    main()
