"""Writes data/piano_notes.csv, piano_chords.csv and piano_score.csv: a sampled piano as log-frequency frames.

Run from the root of the repository: python3 tools/piano.py
Requires NumPy and, from Debian, fluidsynth and fluid-soundfont-gm (FluidR3_GM, MIT licence, Frank Wen).
The same versions of those give the same bytes on every run.

A frame is 96 counts of 0..4095, one a quarter tone, the centre of the first on C4 (MIDI 60), so pitch p has its
fundamental in band 2 (p - 60). Frame i is centred on the time (i HOP + WINDOW / 2) / RATE from the start of the audio;
it sees 256 ms, and frames follow one another by 96 ms.

piano_notes.csv   a line per frame: pitch, counts. Isolated notes: by pitch, 5 frames at velocity 60, then 5 at 100.
piano_chords.csv  a line per frame: counts, in the order of time.
piano_score.csv   a line per note of the chords: onset frame, end frame, pitch, velocity. The onset frame is the first
                  centred at or after the start of the note, the end frame the first centred at or after its release.
"""

import pathlib
import subprocess
import tempfile
import wave

import numpy as np

SOUNDFONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
RATE, WINDOW, HOP = 48000, 12288, 4608
BANDS, PER_OCTAVE = 96, 24
LOW, HIGH = 60, 83
TEMPLATE_VELOCITIES = (60, 100)
FRAMES = 5
CHORDS, SEED = 64, 20240305
FULL = 4095


def isolated():
    """Notes (start ms, end ms, pitch, velocity), one at a time."""
    pairs = [(p, v) for p in range(LOW, HIGH + 1) for v in TEMPLATE_VELOCITIES]
    return [(1000 * i + 300, 1000 * i + 1000, p, v) for i, (p, v) in enumerate(pairs)]


def chords(seed=SEED):
    """Notes of 2 to 4 at once; every fourth chord holds an octave, every eighth repeats the one before."""
    # The legacy generator is frozen, newer ones may change their streams between NumPy versions.
    rng = np.random.RandomState(seed)
    notes, time, pitches, deck = [], 300, [], []
    for c in range(CHORDS):
        size = 2 + c % 3
        if c % 8 != 7:
            root = LOW + (c // 4) % 12
            pitches = [root, root + 12] if c % 4 == 0 else []
            while len(pitches) < size:
                # Dealing from a shuffled deck uses every pitch about equally often.
                deck = deck or list(rng.permutation(np.arange(LOW, HIGH + 1)))
                p = int(deck.pop())
                if p not in pitches:
                    pitches.append(p)
        length, rest = rng.randint(600, 801), rng.randint(200, 251)
        notes += [(time, time + int(length), p, int(rng.randint(72, 93))) for p in sorted(pitches)]
        time += int(length + rest)
    return notes


def varint(n):
    """MIDI's variable-length number."""
    out = bytes([n & 127])
    while n := n >> 7:
        out = bytes([n & 127 | 128]) + out
    return out


def midi(notes):
    """A format 0 file with a tick of 1 ms: 500 a quarter note of 500 ms, the default tempo."""
    events = [(start, b"\x90%c%c" % (p, v)) for start, _, p, v in notes]
    events += [(end, b"\x80%c\x40" % p) for _, end, p, _ in notes]
    track, now = b"\x00\xc0\x00", 0
    for time, message in sorted(events):
        track += varint(time - now) + message
        now = time
    track += varint(500) + b"\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01" + (500).to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def render(notes):
    """Mono samples of the notes, without reverb and chorus."""
    # RATE is near the soundfont's own: fluidsynth resamples without a low-pass, a lower rate would alias.
    with tempfile.TemporaryDirectory() as folder:
        song, sound = f"{folder}/notes.mid", f"{folder}/notes.wav"
        pathlib.Path(song).write_bytes(midi(notes))
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE), "-F", sound]
        subprocess.run([*command, SOUNDFONT, song], check=True, stdout=subprocess.DEVNULL)
        with wave.open(sound) as f:
            samples = np.frombuffer(f.readframes(f.getnframes()), "<i2")
    return samples.reshape(-1, 2).mean(axis=1)


def bands(samples):
    """Frames by bands: the root of the power summed over a quarter tone."""
    starts = range(0, len(samples) - WINDOW + 1, HOP)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    c4 = 440 * 2 ** ((LOW - 69) / 12)
    frequency = np.arange(1, WINDOW // 2 + 1) * RATE / WINDOW
    band = np.round(PER_OCTAVE * np.log2(frequency / c4)).astype(int)
    keep = (band >= 0) & (band < BANDS)
    out = np.zeros((len(starts), BANDS))
    for row, s in zip(out, starts):
        power = np.abs(np.fft.rfft(hann * samples[s:s + WINDOW])[1:]) ** 2
        np.add.at(row, band[keep], power[keep])
    return np.sqrt(out)


def frame_at(ms):
    """The first frame centred at or after a time."""
    return -((WINDOW // 2 - ms * RATE // 1000) // HOP)


def write(name, rows):
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    pathlib.Path("data", name).write_text(text)


def main():
    single, score = isolated(), chords()
    singles, mixed = bands(render(single)), bands(render(score))
    scale = FULL / max(singles.max(), mixed.max())
    singles, mixed = (np.round(scale * x).astype(int) for x in (singles, mixed))
    mixed = mixed[:frame_at(max(end for _, end, _, _ in score)) + 3]
    write("piano_notes.csv", [
        [p, *frame] for start, _, p, _ in single for frame in singles[frame_at(start):][:FRAMES]
    ])
    write("piano_chords.csv", mixed)
    write("piano_score.csv", [[frame_at(start), frame_at(end), p, v] for start, end, p, v in score])


if __name__ == "__main__":
    main()
