/** Where models are fetched from. */
export const fetchedSchemes: readonly string[] = ["http:", "https:", "s3:"];
