/** 64-bit floats and 32-bit whole numbers in little-endian bytes, whatever machine this is. */

export const floatsInBytes = (values: Readonly<Float64Array>): Buffer => {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  values.forEach((value, i) => {
    bytes.writeDoubleLE(value, i * 8);
  });
  return bytes;
};

export const wholesInBytes = (values: Readonly<Uint32Array>): Buffer => {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, i * 4);
  });
  return bytes;
};

/** Undefined if the bytes are not finite numbers alone. */
export const floatsFrom = (bytes: Buffer): Float64Array | undefined => {
  if (bytes.length % 8 !== 0) return undefined;
  const values = new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i += 1) values[i] = bytes.readDoubleLE(i * 8);
  return values.every(Number.isFinite) ? values : undefined;
};
