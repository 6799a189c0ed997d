// The body of a long answer, with progress; and what a track file is called by browsers.
import { concat, type Bytes } from "../core/bytes.ts";

export async function download(response: Response, progress: (doneBytes: number) => void): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let done = 0;
  for (const reader = response.body!.getReader(); ; ) {
    const { done: end, value } = await reader.read();
    if (end) return concat(...parts);
    parts.push(value);
    progress((done += value.length));
  }
}

export const mediaType = (sealedName: string): string => (sealedName.endsWith(".mkv.age") ? "video/x-matroska" : "video/webm");
