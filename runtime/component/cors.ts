/** Any page may ask. Source: engine contract, 11.1. */
export const cors = ["Access-Control-Allow-Origin", "*"] as const;
