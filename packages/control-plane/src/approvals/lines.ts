/**
 * The lines in a stream of bytes, without their ends. What follows the last end is no line.
 *
 * @throws RangeError for a line of more than `maxBytes`, before all of it is kept; whatever the source throws.
 */
export async function* readLines(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      assertFits(pendingBytes + end - start, maxBytes);
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      yield line.toString("utf8");
    }
    pendingBytes += chunk.byteLength - start;
    assertFits(pendingBytes, maxBytes);
    pending.push(chunk.subarray(start));
  }
}

function assertFits(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new RangeError(`a line has more than ${maxBytes} bytes`);
}
