/**
 * One exchange with the server: an engine adds what it has, once however often it asks, and hears
 * what all engines have added up to.
 *
 * A hash holds the state of a node: `format`, `kind`, `length`; `sums`, 64-bit floats in
 * little-endian bytes; `version`, another after every change; and for each engine the number of
 * its last batch with the time, `engine:<id>`.
 */
import { createHash } from "node:crypto";
import { floatsFrom, floatsInBytes, wholesInBytes } from "../nodes/store/floats.ts";
import type { Batch } from "../nodes/store/sums.ts";

const format = "1";

/** Engines that have been silent for so long are forgotten: nothing of theirs is still on its way. */
const forgetAfterSeconds = 86_400;

const script = `
local key = KEYS[1]
local kind, length, known = ARGV[1], ARGV[2], ARGV[3]
local engine, number, places, amounts, base = ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8]

local is = redis.call('TYPE', key).ok
if is == 'none' then
  if known ~= '' and base == '' then return {'gone'} end
  if base == '' then base = string.rep('\\0', 8 * tonumber(length)) end
  redis.call('HSET', key, 'format', '${format}', 'kind', kind, 'length', length,
    'sums', base, 'version', engine .. ':new')
elseif is ~= 'hash' then
  return {'unfit', 'the key holds a ' .. is}
end

local held = redis.call('HMGET', key, 'format', 'kind', 'length', 'sums', 'version', 'reset', engine)
local sums, version = held[4], held[5]
if held[1] ~= '${format}' then return {'unfit', 'the state has another format'} end
if held[2] ~= kind then return {'unfit', 'the state is of another kind'} end
if held[3] ~= length or not sums or #sums ~= 8 * tonumber(length) then
  return {'unfit', 'the state has another length'}
end

if held[6] then
  sums = string.rep('\\0', #sums)
  version = engine .. ':reset:' .. number
  redis.call('HSET', key, 'sums', sums, 'version', version)
  redis.call('HDEL', key, 'reset')
  known = ''
end
local changed = version ~= known

local last = held[7] and tonumber(string.match(held[7], '^%d+')) or 0
if number > last then
  local pieces, from = {}, 1
  for i = 1, #places / 4 do
    local at = struct.unpack('<I4', places, 4 * i - 3) * 8 + 1
    local sum = struct.unpack('<d', sums, at) + struct.unpack('<d', amounts, 8 * i - 7)
    if sum ~= sum or sum == math.huge or sum == -math.huge then
      return {'unfit', 'a sum is no finite number'}
    end
    pieces[#pieces + 1] = string.sub(sums, from, at - 1)
    pieces[#pieces + 1] = struct.pack('<d', sum)
    from = at + 8
  end
  pieces[#pieces + 1] = string.sub(sums, from)
  sums = table.concat(pieces)
  version = engine .. ':' .. number
  local now = tonumber(redis.call('TIME')[1])
  if not held[7] then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if string.sub(field, 1, 7) == 'engine:' then
        local seen = tonumber(string.match(redis.call('HGET', key, field), ' (%d+)$'))
        if not seen or now - seen > ${forgetAfterSeconds} then redis.call('HDEL', key, field) end
      end
    end
  end
  redis.call('HSET', key, 'sums', sums, 'version', version, engine, number .. ' ' .. now)
end
return {'common', version, changed and sums}
`;

export const exchangeScript = {
  text: script,
  sha1: createHash("sha1").update(script).digest("hex"), // by which the server knows scripts
} as const;

export type Exchange = {
  readonly key: string;
  readonly kind: string;
  readonly length: number;
  /** The version last heard of; empty at first. */
  readonly version: string;
  readonly engine: string;
  /** Of the batch; a batch keeps its number. */
  readonly number: number;
  readonly batch: Batch | undefined;
  /** What was common when last heard of, for a server that has lost it. */
  readonly base: Readonly<Float64Array> | undefined;
};

/** The key and the arguments of the script. */
export const argumentsOf = (exchange: Exchange): readonly (string | Buffer)[] => {
  const { key, kind, length, version, engine, number, batch, base } = exchange;
  return [
    ...[key, kind, `${length}`, version, `engine:${engine}`, `${batch === undefined ? 0 : number}`],
    batch === undefined ? "" : wholesInBytes(batch.places),
    batch === undefined ? "" : floatsInBytes(batch.amounts),
    base === undefined ? "" : floatsInBytes(base),
  ];
};

export type Answer =
  /** `sums` are undefined if nobody else has changed them. */
  | { readonly is: "common"; readonly version: string; readonly sums: Float64Array | undefined }
  /** The server knows nothing of a state that was there before. */
  | { readonly is: "gone" }
  /** What stands under the key is something else, and stays as it is. */
  | { readonly is: "unfit"; readonly why: string };

export const readAnswer = (answer: unknown, length: number): Answer => {
  const [is, second, third] = Array.isArray(answer) ? answer : [];
  switch (String(is)) {
    case "gone":
      return { is: "gone" };
    case "common": {
      const sums = Buffer.isBuffer(third) ? floatsFrom(third) : undefined;
      if (third !== null && sums?.length !== length) {
        return { is: "unfit", why: "a sum is no finite number" };
      }
      return { is: "common", version: String(second), sums };
    }
    case "unfit":
      return { is: "unfit", why: String(second) };
    default:
      return { is: "unfit", why: "the answer is none that the script gives" };
  }
};
