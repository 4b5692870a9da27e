import * as z from "zod";

const units = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;
const pattern = /^([1-9][0-9]{0,14})([bkmg]?)$/;

/**
 * Bytes in a size such as `"512m"`: a positive whole number and one of `b` (default), `k`, `m`, `g` (powers of 1024).
 *
 * @throws RangeError when `text` is not such a size.
 */
export function parseByteSize(text: string): number {
  const match = pattern.exec(text);
  if (match === null) throw new RangeError(`not a size: ${JSON.stringify(text)}`);
  return Number(match[1]) * units[(match[2] || "b") as keyof typeof units];
}

/** A size within `[min, max]`; all three are written like `"512m"`. */
export function byteSize(min: string, max: string) {
  const [low, high] = [parseByteSize(min), parseByteSize(max)];
  return z
    .string()
    .regex(pattern, { error: 'expected a size like "512m" (b, k, m or g)', abort: true })
    .refine((text) => parseByteSize(text) >= low && parseByteSize(text) <= high, {
      error: `expected a size from ${min} to ${max}`,
    });
}
