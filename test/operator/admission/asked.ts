/** Reviews as an API server asks for them. */
import { manifest } from "../../api/manifest.ts";

type Fields = { readonly [key: string]: unknown };

/** The question about an object, varied in the fields of its request. */
export const asking = (object: unknown, request: Fields = {}): Fields => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "machinelearning.seldon.io", version: "v1", kind: "SeldonDeployment" },
    resource: { group: "machinelearning.seldon.io", version: "v1", resource: "seldondeployments" },
    name: "mymodel",
    namespace: "ns1",
    operation: "CREATE",
    userInfo: { username: "jane" },
    object,
    oldObject: null,
    dryRun: false,
    options: { apiVersion: "meta.k8s.io/v1", kind: "CreateOptions" },
    ...request,
  },
});

/** The question about an update of one object to another. */
export const askingUpdate = (oldObject: unknown, object: unknown): Fields =>
  asking(object, { operation: "UPDATE", oldObject });

/** A good manifest, and one with a fault. */
export const good = manifest();
export const bad = manifest({ protocol: "grpc" });
