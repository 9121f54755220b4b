/** Keeps secrets out of what people read. */
import type { Env } from "./source.ts";

const isSecret = (name: string): boolean =>
  /SECRET|TOKEN$|PASSWORD|_PASS$|ACCOUNT_CREDENTIALS$|CUSTOMER_KEY/i.test(name);

const shortest = 6;

/**
 * The text without the values of variables that hold secrets, wherever it has them from, and without
 * passwords in URLs.
 */
export const redacted = (text: string, env: Env): string =>
  Object.entries(env)
    .filter(([name, value]) => isSecret(name) && (value ?? "").length >= shortest)
    .map(([, value = ""]) => value)
    .sort((a, b) => b.length - a.length)
    .reduce((left, value) => left.replaceAll(value, "***"), text)
    .replace(/(\/\/[^/\s:@]*:)[^/\s@]+@/g, "$1***@");
