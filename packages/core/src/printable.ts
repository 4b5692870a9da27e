/**
 * Text from elsewhere made safe to show: control characters, which could move a cursor or retitle a window, and
 * invisible or direction-changing ones, which could disguise it, become escapes. Lines and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
