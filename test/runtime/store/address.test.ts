import { describe, expect, it } from "@jest/globals";
import { placeOf, readAddress } from "../../../runtime/store/address.ts";

const plain = {
  host: "h",
  port: 6379,
  username: undefined,
  password: undefined,
  database: 0,
  isTls: false,
};

describe("readAddress", () => {
  it.each([
    { text: "redis://h", want: {} },
    { text: "redis://h/", want: {} },
    { text: "redis://h:7000/3", want: { port: 7000, database: 3 } },
    { text: "rediss://h", want: { isTls: true } },
    { text: "redis://:p%40%2F@h", want: { password: "p@/" } },
    { text: "redis://u:p@h", want: { username: "u", password: "p" } },
    { text: "redis://[::1]:1", want: { host: "::1", port: 1 } },
  ])("reads $text", ({ text, want }) => {
    expect(readAddress(text)).toEqual({ ok: true, address: { ...plain, ...want } });
  });

  it.each([
    "h:6379",
    "secret",
    "http://secret@h",
    "redis://",
    "redis:///0",
    "redis://:secret@h/x",
    "redis://:secret@h/0/1",
    "redis://:secret@h?tls=1",
    "redis://:secret@h#a",
    "redis://:secret%@h",
    "redis://:secret@h:99999",
    "",
  ])("refuses %j and does not repeat it", (text) => {
    const read = readAddress(text);
    expect(read).toEqual({ ok: false, fault: expect.any(String) });
    expect(JSON.stringify(read)).not.toContain("secret");
  });
});

describe("placeOf", () => {
  it("says where, and not with what", () => {
    const read = readAddress("rediss://user:secret@h:1/2");
    expect(read.ok && placeOf(read.address)).toBe("rediss://h:1/2");
  });
});
