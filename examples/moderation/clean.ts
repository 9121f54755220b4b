/**
 * Takes out of posts what says nothing about them: markup, quoted lines, numbers; addresses and
 * links become words. `train.py` does the same to what the model learns from.
 */
export class Clean {
  transformInput(X: string | readonly (string | readonly string[])[]): string[] {
    return [X].flat(2).map((post, row) => {
      if (typeof post === "string") return clean(post);
      throw Object.assign(new TypeError(`row ${row} is ${typeof post}; send texts`), {
        status: 400,
        reason: "MICROSERVICE_BAD_DATA",
      });
    });
  }
}

/** In this order: entities hide markup, markup hides links, links hold dots and numbers. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/&nbsp;/gi, " "],
  [/&lt;/gi, "<"],
  [/&gt;/gi, ">"],
  [/&quot;/gi, '"'],
  [/&amp;/gi, "&"],
  [/<(style|script)\b[^<>]*>[^<]*(<\/\1>)?/gi, " "],
  [/<[a-z!/][^<>]*>/gi, " "],
  [/^[ \t]*>.*$/gm, " "],
  [/(https?:\/\/|www\.)[^ \t\r\n<>"]+/gi, " aweblink "],
  [/(?<![\w.+-])[\w.+-]+@[\w.-]+/g, " amailaddress "],
  [/[0-9]+/g, " "],
  [/[ \t\r\n]+/g, " "],
];

const clean = (post: string): string =>
  rules.reduce((text, [pattern, word]) => text.replace(pattern, word), post).replace(/^ | $/g, "");
