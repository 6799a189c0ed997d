// Words of an alarm: understood by whoever sees this for the first time, and with something to do next. Without a browser.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { TEXTS } = await load('web/src/i18n/texts/index.ts');
const of = (...prefixes) => Object.entries(TEXTS).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix)) && !key.endsWith('_title'));

test('every alarm ends with something to do', () => {
  const alarms = of('alarm_');
  assert.ok(alarms.length > 8, alarms.join());
  for (const [key, [en, de]] of alarms) {
    assert.match(en, /\b([Aa]sk|[Tt]ell|take .+ back|taking back|leave|reload)\b[^.]*\.$/, key);
    assert.match(de, /\b([Ff]ragen|[Ss]agen|[Ww]iderrufen|verlassen|laden) [^.]*\.$/, key);
  }
});

test('neither an alarm nor a doubt about a recording speaks of statements, checkpoints and tracks', () => {
  for (const [key, [en, de]] of of('alarm_', 'unverified_')) {
    assert.doesNotMatch(en, /statement|checkpoint|\btracks?\b|\btakes\b|roster/i, key);
    assert.doesNotMatch(de, /Erklärung|Stand des Protokolls|\bSpur|Abschnitt/, key);
  }
});
