export async function showRecording(into: HTMLElement, recording: string): Promise<void> { into.textContent = recording; }
