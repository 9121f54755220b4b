/** Where models are fetched from, beside this machine's own disks. */
export const fetchedSchemes: readonly string[] = ["http:", "https:", "s3:", "gs:"];
