import { describe, expect, it } from "@jest/globals";
import { post, read, useUp } from "./up-process.ts";

describe("espalier up runs the examples", () => {
  const names = ["wine", "minimal", "moderation", "outlier"];
  const urlOf = useUp(names.map((name) => `examples/${name}/deployment.yaml`));

  const predict = async (name: string, request: object) => {
    const { status, body } = await post(urlOf(name), "predictions", request);
    expect(status).toBe(200);
    return body as { data: { names: string[]; ndarray: number[][] }; meta: { tags: Tags } }; // asserted by the tests
  };

  it("wine, with the accuracy of its training", async () => {
    const { names, rows, labels, accuracy } = read("wine/heldout.json");
    const { data } = await predict("wine", { data: { names, ndarray: rows } });
    expect(shareOfRight(data.ndarray, labels)).toBe(accuracy.ensemble);
  });

  it("wine, answering its request.json", async () => {
    expect((await predict("wine", read("wine/request.json"))).data.ndarray).toHaveLength(2);
  });

  it("minimal", async () => {
    const { data } = await predict("minimal", read("minimal/request.json"));
    expect(data.ndarray).toEqual([[-40], [32], [68], [212]]);
  });

  it("moderation, with the accuracy of its training", async () => {
    const { posts, accuracy }: { posts: Post[]; accuracy: number } =
      read("moderation/heldout.json");
    const { data } = await predict("moderation", {
      data: { ndarray: posts.map(({ words }) => words) },
    });
    expect(data.names).toEqual(["fine", "spam"]);
    expect(
      shareOfRight(
        data.ndarray,
        posts.map(({ label }) => label),
      ),
    ).toBe(accuracy);
    expect(
      difference(
        data.ndarray,
        posts.map(({ probabilities }) => probabilities),
      ),
    ).toBeLessThan(1e-12);
  });

  it("moderation, refusing what is no text", async () => {
    const request = { data: { ndarray: ["fine", 7] } };
    const { status, body } = await post(urlOf("moderation"), "predictions", request);
    expect(status).toBe(400);
    expect(body).toMatchObject({ status: { info: "row 1 is number; send texts" } });
  });

  it("outlier, with scikit-learn's probabilities and scores", async () => {
    const rows: Cells[] = read("outlier/heldout.json");
    const { data, meta } = await predict("outlier", {
      data: { ndarray: rows.map(({ row }) => row) },
    });
    expect(
      difference(
        data.ndarray,
        rows.map(({ probabilities }) => probabilities),
      ),
    ).toBeLessThan(1e-12);
    expect(difference([meta.tags["outlier-score"]], [rows.map(({ score }) => score)])).toBeLessThan(
      1e-12,
    );
    expect(meta.tags["outlier-predictions"].filter((flag) => flag === 1)).toHaveLength(7);
  });
});

type Tags = { readonly "outlier-score": number[]; readonly "outlier-predictions": number[] };
type Post = { readonly words: string; readonly label: number; readonly probabilities: number[] };
type Cells = { readonly row: number[]; readonly probabilities: number[]; readonly score: number };
type Table = readonly (readonly number[])[];

const shareOfRight = (probabilities: Table, labels: readonly number[]): number =>
  probabilities.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length /
  probabilities.length;

const difference = (a: Table, b: Table): number =>
  Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? NaN)))));
