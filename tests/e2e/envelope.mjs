// Is this recording of that speech? Compares loudness envelopes: one value per 20 ms, so voices and codecs matter little and the
// rhythm of the words matters a lot. How the limits were found: README.md.
import { must } from './command.mjs';

export const STEP_MS = 20;
const RATE = 8000, STEP = (RATE * STEP_MS) / 1000, PIECE = 8000 / STEP_MS;

/** At least this high for a person's own text… */
export const OWN_AT_LEAST = 0.5;
/** …and at least this much higher than for anybody else's. */
export const MARGIN_AT_LEAST = 0.25;

/** Decodes the sound of a media file with ffmpeg (gaps become silence) and returns its envelope. */
export async function envelopeOf(file) {
  const pcm = await must('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a:0', '-af', 'aresample=async=1:first_pts=0', '-ar', String(RATE), '-ac', '1', '-f', 's16le', '-']);
  return envelope(new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1));
}

/** Square root of the RMS per step: between linear, where one loud vowel decides, and decibels, where the noise floor does. */
function envelope(samples) {
  const steps = new Float64Array(Math.floor(samples.length / STEP));
  for (let i = 0; i < steps.length; ++i) {
    let sum = 0;
    for (let k = i * STEP; k < (i + 1) * STEP; ++k) sum += samples[k] * samples[k];
    steps[i] = Math.sqrt(Math.sqrt(sum / STEP));
  }
  return steps;
}

/** Highest Pearson correlation of a piece of a recorded envelope with a looped source over all offsets. */
function best_correlation(recorded, source) {
  const n = recorded.length, length = source.length;
  const mean = recorded.reduce((sum, x) => sum + x, 0) / n;
  const centred = recorded.map((x) => x - mean);
  const energy = Math.sqrt(centred.reduce((sum, x) => sum + x * x, 0));
  let best = 0;
  for (let offset = 0; offset < length; ++offset) {
    let product = 0, sum = 0, squares = 0;
    for (let i = 0, k = offset; i < n; ++i, k = k + 1 === length ? 0 : k + 1) {
      const x = source[k];
      product += centred[i] * x; sum += x; squares += x * x;
    }
    const spread = Math.sqrt(Math.max(0, squares - (sum * sum) / n));
    if (energy > 0 && spread > 0) best = Math.max(best, product / (energy * spread));
  }
  return best;
}

/** Mean of the best correlations of all pieces. Each is aligned afresh: on a busy machine a fake microphone skips now and then. */
export function likeness(recorded, source) {
  const pieces = Math.max(1, Math.floor(recorded.length / PIECE));
  let sum = 0;
  for (let piece = 0; piece < pieces; ++piece) {
    const from = Math.floor((piece * recorded.length) / pieces), to = Math.floor(((piece + 1) * recorded.length) / pieces);
    sum += best_correlation(recorded.slice(from, to), source);
  }
  return sum / pieces;
}

/** Scores a recording against every source {id: envelope}; says whose it is and whether that is beyond doubt. */
export function whose(recorded, sources) {
  const scores = Object.entries(sources).map(([id, source]) => ({ id, score: likeness(recorded, source) })).sort((a, b) => b.score - a.score);
  const [own, next] = scores;
  return { id: own.id, own: own.score, next: next.score, clear: own.score >= OWN_AT_LEAST && own.score - next.score >= MARGIN_AT_LEAST, scores };
}
