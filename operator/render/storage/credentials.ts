/** What opens a model store: the secrets of a service account. Source: operator contract, 7.5. */
import type { CredentialSettings } from "../../../api/settings.ts";
import type { EnvVar } from "../../../api/types.ts";
import type { AccountSecret, Facts } from "../desired.ts";
import { lastWins } from "../env.ts";
import type { Words } from "../subject.ts";

export type Credentials = {
  readonly env: readonly EnvVar[];
  /** The secret that holds a key file of Google Cloud. */
  readonly keyFileSecret: string | undefined;
};

/** Where a key file of Google Cloud is mounted. */
export const keyFileFolder = "/var/secrets/";

/** An account that is not there opens nothing; of two secrets that say the same, the last wins. */
export const credentialsOf = (
  account: string,
  facts: Facts,
  settings: CredentialSettings,
): Credentials => {
  const secrets = Object.hasOwn(facts.accounts, account) ? (facts.accounts[account] ?? []) : [];
  const s3 = secrets.filter((secret) => isS3(secret, settings));
  const keyFile = secrets.findLast(
    (secret) => !isS3(secret, settings) && secret.keys.includes(settings.gcsCredentialFileName),
  );
  return {
    env: lastWins([
      ...s3.flatMap((secret) => s3Env(secret, settings)),
      ...(keyFile === undefined ? [] : [keyFileEnv(settings)]),
    ]),
    keyFileSecret: keyFile?.name,
  };
};

const isS3 = ({ keys }: AccountSecret, { s3SecretAccessKeyName }: CredentialSettings): boolean =>
  keys.includes(s3SecretAccessKeyName);

const keyFileEnv = ({ gcsCredentialFileName }: CredentialSettings): EnvVar => ({
  name: "GOOGLE_APPLICATION_CREDENTIALS",
  value: `${keyFileFolder}${gcsCredentialFileName}`,
});

const s3Env = (secret: AccountSecret, settings: CredentialSettings): readonly EnvVar[] => {
  const region = told(secret.annotations, "s3-region");
  const verifySsl = told(secret.annotations, "s3-verifyssl");
  return [
    fromSecret("AWS_ACCESS_KEY_ID", secret.name, settings.s3AccessKeyIdName),
    fromSecret("AWS_SECRET_ACCESS_KEY", secret.name, settings.s3SecretAccessKeyName),
    ...endpointEnv(secret.annotations, settings),
    ...(region === undefined ? [] : [{ name: "AWS_REGION", value: region }]),
    ...(verifySsl === undefined ? [] : [{ name: "S3_VERIFY_SSL", value: verifySsl }]),
  ];
};

const fromSecret = (name: string, secret: string, key: string): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** An endpoint of the secret wins over that of the cluster, and so does its `s3-usehttps`. */
const endpointEnv = (annotations: Words, settings: CredentialSettings): readonly EnvVar[] => {
  const own = told(annotations, "s3-endpoint");
  const ownHttps = told(annotations, "s3-usehttps");
  const clusterHttps = settings.s3UseHttps === "0" ? "0" : undefined;
  const [endpoint, useHttps] =
    own === undefined ? [settings.s3Endpoint, clusterHttps] : [own, ownHttps];
  if (endpoint === "") return [];
  const scheme = useHttps === "0" ? "http" : "https";
  return [
    ...(useHttps === undefined ? [] : [{ name: "S3_USE_HTTPS", value: useHttps }]),
    { name: "S3_ENDPOINT", value: endpoint },
    { name: "AWS_ENDPOINT_URL", value: `${scheme}://${endpoint}` },
  ];
};

/** What a secret's annotation says, under the name of today or that of old; nothing counts as unsaid. */
const told = (annotations: Words, name: string): string | undefined =>
  annotations[`machinelearning.seldon.io/${name}`] ||
  annotations[`serving.kubeflow.org/${name}`] ||
  undefined;
