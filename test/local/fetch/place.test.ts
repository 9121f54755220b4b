import { describe, expect, it } from "@jest/globals";
import { FetchFault } from "../../../local/fetch/fault.ts";
import { placeOf } from "../../../local/fetch/place.ts";

const minio = {
  RCLONE_CONFIG_S3_TYPE: "s3",
  RCLONE_CONFIG_S3_PROVIDER: "minio",
  RCLONE_CONFIG_S3_ENV_AUTH: "false",
  RCLONE_CONFIG_S3_ACCESS_KEY_ID: "id",
  RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: "key",
  RCLONE_CONFIG_S3_ENDPOINT: "http://minio:9000",
};
const keys = { kind: "keys", id: "id", secret: "key", token: undefined };
const aws = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
const account = { client_email: "a@b", private_key: "k" };
const google = { endpoint: "https://storage.googleapis.com" };

describe("placeOf", () => {
  it.each([
    { uri: "/mnt/pvc/a b", want: { kind: "disk", path: "/mnt/pvc/a b" } },
    { uri: "file:///a%20b", want: { kind: "disk", path: "/a b" } },
    { uri: "folder/model.json", want: { kind: "disk", path: "folder/model.json" } },
    { uri: "s3://b/k/a%20b?c#d", want: { kind: "s3", bucket: "b", key: "k/a%20b?c#d" } },
    { uri: "s3://b", want: { kind: "s3", bucket: "b", key: "" } },
    { uri: "gs://b/k/", want: { kind: "gcs", bucket: "b", key: "k/", settings: google } },
  ])("reads $uri", ({ uri, want }) => {
    expect(placeOf(uri, {})).toMatchObject(want);
  });

  it("reads a URL", () => {
    expect(placeOf("https://host/a?b=c", {})).toEqual({
      ...{ kind: "web", url: new URL("https://host/a?b=c") },
    });
  });

  it.each([
    {
      name: "nothing: nobody, of Amazon's",
      env: {},
      want: {
        credentials: { kind: "none" },
        region: "us-east-1",
        endpoint: undefined,
        isPathStyle: false,
      },
    },
    { name: "keys", env: aws, want: { credentials: keys } },
    {
      name: "a session",
      env: { ...aws, AWS_SESSION_TOKEN: "t" },
      want: { credentials: { ...keys, token: "t" } },
    },
    {
      name: "a role of the service account",
      env: { AWS_WEB_IDENTITY_TOKEN_FILE: "/t", AWS_ROLE_ARN: "r" },
      want: { credentials: { kind: "lent", profile: undefined } },
    },
    { name: "a region", env: { AWS_DEFAULT_REGION: "eu-1" }, want: { region: "eu-1" } },
    {
      name: "an endpoint",
      env: { AWS_ENDPOINT_URL: "http://minio:9000" },
      want: { endpoint: "http://minio:9000", isPathStyle: true },
    },
    {
      name: "v1's secret",
      env: { S3_ENDPOINT: "minio:9000" },
      want: { endpoint: "https://minio:9000" },
    },
    {
      name: "v1's secret, without TLS",
      env: { S3_ENDPOINT: "minio:9000", S3_USE_HTTPS: "0" },
      want: { endpoint: "http://minio:9000" },
    },
    {
      name: "USE_SSL",
      env: { S3_ENDPOINT: "minio:9000", USE_SSL: "false" },
      want: { endpoint: "http://minio:9000" },
    },
    { name: "S3_VERIFY_SSL", env: { S3_VERIFY_SSL: "0" }, want: { isTrusting: true } },
  ])("takes the environment of AWS and v1: $name", ({ env, want }) => {
    expect(placeOf("s3://b/k", env)).toMatchObject({ kind: "s3", settings: want });
  });

  it.each([
    {
      name: "as a scheme",
      uri: "s3://b/k",
      env: minio,
      want: {
        bucket: "b",
        key: "k",
        settings: { credentials: keys, endpoint: "http://minio:9000", isPathStyle: true },
      },
    },
    { name: "as rclone writes it", uri: "s3:b/k", env: minio, want: { bucket: "b", key: "k" } },
    {
      name: "over AWS's variables",
      uri: "s3://b/k",
      env: { ...minio, AWS_ACCESS_KEY_ID: "other" },
      want: { settings: { credentials: keys } },
    },
    {
      name: "of any name, in any case",
      uri: "My-Store:b/k",
      env: { RCLONE_CONFIG_MY_STORE_TYPE: "s3" },
      want: { kind: "s3", settings: { credentials: { kind: "none" } } },
    },
    {
      name: "an endpoint without a scheme",
      uri: "x:b/k",
      env: { RCLONE_CONFIG_X_TYPE: "s3", RCLONE_CONFIG_X_ENDPOINT: "minio" },
      want: { settings: { endpoint: "https://minio" } },
    },
    {
      name: "credentials that are lent",
      uri: "x:b/k",
      env: { RCLONE_CONFIG_X_TYPE: "s3", RCLONE_CONFIG_X_ENV_AUTH: "true", AWS_REGION: "eu-2" },
      want: { settings: { credentials: { kind: "lent" }, region: "eu-2" } },
    },
    {
      name: "an option for all of a type",
      uri: "x:b/k",
      env: { RCLONE_CONFIG_X_TYPE: "s3", RCLONE_S3_REGION: "eu-3" },
      want: { settings: { region: "eu-3" } },
    },
    {
      name: "buckets in the host",
      uri: "x:b/k",
      env: {
        RCLONE_CONFIG_X_TYPE: "s3",
        RCLONE_CONFIG_X_PROVIDER: "Alibaba",
        RCLONE_CONFIG_X_ENDPOINT: "oss",
      },
      want: { settings: { isPathStyle: false } },
    },
    {
      name: "a key of Google's",
      uri: "gs://b/k",
      env: {
        RCLONE_CONFIG_GS_TYPE: "google cloud storage",
        RCLONE_CONFIG_GS_ANONYMOUS: "false",
        RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS: JSON.stringify(account),
      },
      want: { kind: "gcs", settings: { credentials: { kind: "key", key: account } } },
    },
    {
      name: "gs, without its type",
      uri: "gs://b/k",
      env: { RCLONE_CONFIG_GS_ENV_AUTH: "1" },
      want: { kind: "gcs", settings: { credentials: { kind: "lent" } } },
    },
    {
      name: "a key file",
      uri: "g:b/k",
      env: {
        RCLONE_CONFIG_G_TYPE: "google cloud storage",
        RCLONE_CONFIG_G_SERVICE_ACCOUNT_FILE: "/f",
      },
      want: { settings: { credentials: { kind: "file", path: "/f" } } },
    },
    {
      name: "nobody of Google's",
      uri: "gs://b/k",
      env: { RCLONE_CONFIG_GS_ANONYMOUS: "true", GOOGLE_APPLICATION_CREDENTIALS: "/f" },
      want: { settings: { credentials: { kind: "none" } } },
    },
  ])("takes a remote of rclone: $name", ({ uri, env, want }) => {
    expect(placeOf(uri, env)).toMatchObject(want);
  });

  it("does not take another remote for this one", () => {
    const env = { ...aws, RCLONE_CONFIG_S3_PROD_TYPE: "s3" };
    expect(placeOf("s3://b/k", env)).toMatchObject({ settings: { credentials: keys } });
  });

  it("takes Google's own variables", () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: "/f", STORAGE_EMULATOR_HOST: "localhost:1" };
    expect(placeOf("gs://b/k", env)).toMatchObject({
      settings: { credentials: { kind: "file", path: "/f" }, endpoint: "http://localhost:1" },
    });
  });

  it.each([
    { name: "nothing", uri: "", env: {}, code: "BAD_URI" },
    { name: "a scheme of nobody's", uri: "ftp://host/a", env: {}, code: "BAD_URI" },
    { name: "no bucket", uri: "s3://", env: {}, code: "BAD_URI" },
    { name: "a connection string", uri: ":s3:b/k", env: {}, code: "BAD_URI" },
    { name: "a claim that nobody mounted", uri: "pvc://claim/a", env: {}, code: "BAD_URI" },
    { name: "a host in a file", uri: "file://host/a", env: {}, code: "BAD_URI" },
    { name: "a URL without a host", uri: "http://", env: {}, code: "BAD_URI" },
    {
      name: "a store that is not known",
      uri: "az:c/k",
      env: { RCLONE_CONFIG_AZ_TYPE: "azureblob" },
      code: "BAD_SETTING",
    },
    {
      name: "a remote without a type",
      uri: "x:c/k",
      env: { RCLONE_CONFIG_X_ENDPOINT: "h" },
      code: "BAD_SETTING",
    },
    {
      name: "half of the keys",
      uri: "s3://b/k",
      env: { AWS_ACCESS_KEY_ID: "id" },
      code: "BAD_SETTING",
    },
    {
      name: "no boolean",
      uri: "s3://b/k",
      env: { S3_ENDPOINT: "h", S3_USE_HTTPS: "maybe" },
      code: "BAD_SETTING",
    },
    { name: "no URL", uri: "s3://b/k", env: { AWS_ENDPOINT_URL: "host" }, code: "BAD_SETTING" },
    {
      name: "an old signature",
      uri: "s3://b/k",
      env: { ...minio, RCLONE_CONFIG_S3_V2_AUTH: "true" },
      code: "BAD_SETTING",
    },
    {
      name: "a key that is no JSON",
      uri: "gs://b/k",
      env: { RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS: "{secret" },
      code: "BAD_SETTING",
    },
  ])("says what is wrong: $name", ({ uri, env, code }) => {
    const faults = [];
    try {
      placeOf(uri, env);
    } catch (thrown) {
      faults.push(thrown);
    }
    expect(faults).toMatchObject([{ code }]);
    expect(faults[0]).toBeInstanceOf(FetchFault);
    expect(String(faults[0])).not.toContain("{secret");
  });
});
