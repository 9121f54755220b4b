// Clients that ask a deployment one after the other; prints a line of JSON and ends with 1 if
// anything failed. It needs Node.js alone.
const { HOST, PREFIX = "", CLIENTS, DURATION_SECS, MIN_WAIT, MAX_WAIT, SIZE, FEEDBACK } = process.env;

const row = () => Array.from({ length: Number(SIZE) }, () => Math.random());
const url = (verb) => `${HOST}${PREFIX}/api/v1.0/${verb}`;
const post = async (verb, body) => {
  const answer = await fetch(url(verb), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 200)}`);
  return JSON.parse(text);
};

const times = [];
const failures = new Map();
const until = Date.now() + Number(DURATION_SECS) * 1000;
const pause = () => {
  const ms = Number(MIN_WAIT) + Math.random() * (Number(MAX_WAIT) - Number(MIN_WAIT));
  return new Promise((resolve) => setTimeout(resolve, ms));
};

/** Asks once at least, however busy the machine is. */
const client = async () => {
  do {
    const request = { data: { ndarray: [row()] } };
    const begun = performance.now();
    try {
      const response = await post("predictions", request);
      times.push(performance.now() - begun);
      if (FEEDBACK === "1") await post("feedback", { request, response, reward: 1 });
    } catch (error) {
      const why = error.cause?.code ?? error.message;
      failures.set(why, (failures.get(why) ?? 0) + 1);
    }
    await pause();
  } while (Date.now() < until);
};

await Promise.all(Array.from({ length: Number(CLIENTS) }, client));
times.sort((a, b) => a - b);
const at = (share) => Math.round((times[Math.floor(share * (times.length - 1))] ?? 0) * 10) / 10;
const failed = [...failures.values()].reduce((sum, one) => sum + one, 0);
const ms = { median: at(0.5), p99: at(0.99), worst: at(1) };
console.log(JSON.stringify({ answered: times.length, failed, ms, failures: [...failures] }));
process.exitCode = failed > 0 || times.length === 0 ? 1 : 0;
