/**
 * What is not shown as it is: control characters but line feed and tab; other ends of lines; and what has no look of its
 * own, such as what changes the direction of a text. Among these are tags and variation selectors, in which a text can be
 * hidden that models read and people do not see. The two selectors that belong to emoji stay.
 */
const unseen =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\u034f|[\u17b4-\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0d]/gu;

/**
 * Text from elsewhere made safe to show: control characters, which could move a cursor or retitle a window, and
 * invisible or direction-changing ones, which could disguise it, become escapes. Lines and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(unseen, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}
