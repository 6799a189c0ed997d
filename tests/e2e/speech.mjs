// What people say into the fake microphones: a text of their own, spoken by espeak-ng in a voice of their own.
// Chromium plays the file in a loop, so a text is about a minute long: longer than any take of these tests.
import { join } from 'node:path';
import { must } from './command.mjs';

export const cast = {
  anna: {
    name: 'Anna Host', voice: 'en-gb+f3', pitch: 58, words_per_minute: 155, colour: '0x2060c0',
    text: `Good morning, everybody. Before we begin I would like to record this meeting, so that those who are ill today can follow it
      tomorrow. You will see a question on your screens. Please read it, take your time, and answer as you like: nobody has to say yes. If one
      of us says no, nothing is recorded at all, and we go on without it. Our first point is the garden behind the school. The old pear tree
      has to go, sadly, because the trunk is hollow. Instead we could plant three young cherry trees along the southern wall. The second point is the
      money: four hundred and twelve euros were left from the summer fair. Last, somebody should look after the key of the shed.
      Whoever would like to do that, please tell me after the meeting, or write a short note.`,
  },
  ben: {
    name: 'Ben', voice: 'en-us+m3', pitch: 32, words_per_minute: 175, colour: '0xc06020',
    text: `Measure twice, cut once, my grandfather used to say. He built boats. Not large ones: dinghies, flat punts for the river, once a sailing
      canoe with a mast of spruce. In winter the workshop smelled of tar and hot glue. He steamed the planks for an hour, bent them around the
      frames with his bare hands, and swore in three languages when one of them cracked. What I learned from him is patience. You do not hurry a
      plank. You do not hurry varnish either. Seven coats, a day apart, sanded in between. When the boat finally slid into the water, nobody clapped;
      we just stood there listening, because a good hull makes a particular sound, a kind of low chuckle, when the first wave runs along it.
      I have been looking for that sound ever since.`,
  },
  chloe: {
    name: 'Chloé', voice: 'de+f2', pitch: 70, words_per_minute: 140, colour: '0x30a040',
    text: `Wer im Herbst durch das Moor geht, hört zuerst nichts. Dann, ganz langsam, wird die Stille laut. Ein Tropfen fällt. Schilf
      raschelt, irgendwo weit hinten ruft ein Kranich, und ein zweiter gibt ihm Antwort. Bald sind es Hunderte. Sie kommen vom Norden her,
      in langen Keilen, und lassen sich auf den abgeernteten Feldern nieder. Kurz vor Sonnenuntergang erheben sie sich alle zugleich. Man muss warm
      angezogen sein, eine Thermoskanne dabeihaben und sehr still stehen. Meine Tochter schafft das inzwischen besser als ich. Sie zählt
      die Vögel leise mit und schreibt die Zahlen in ein kleines blaues Heft. Im letzten Jahr kam sie bis achthundertdreiundzwanzig,
      dann war der Bleistift stumpf.`,
  },
};

/** Speaks a person's text into folder/<id>.wav (48 kHz, mono, 16 bit) and returns the path. */
export async function speak(id, folder) {
  const { text, voice, pitch, words_per_minute } = cast[id];
  const raw = join(folder, `${id}.espeak.wav`), wav = join(folder, `${id}.wav`);
  await must('espeak-ng', ['-v', voice, '-p', String(pitch), '-s', String(words_per_minute), '-w', raw, text.replace(/\s+/g, ' ')]);
  await must('ffmpeg', ['-v', 'error', '-y', '-i', raw, '-af', 'loudnorm=I=-20:TP=-3', '-ar', '48000', '-ac', '1', '-c:a', 'pcm_s16le', wav]);
  return wav;
}

/** What a person's camera sees: 160×120 at 10 frames a second in their own colour, small enough that two cores carry three people. */
export async function paint(id, folder) {
  const y4m = join(folder, `${id}.y4m`);  // MJPEG would do, but carries no frame rate, and Chromium plays it at 30 a second
  const picture = `color=c=${cast[id].colour}:s=160x120:r=10:d=6[ground];testsrc=s=64x64:r=10:d=6[clock];[ground][clock]overlay=x=8+t*14:y=28`;
  await must('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', picture, '-pix_fmt', 'yuv420p', y4m]);
  return y4m;
}
