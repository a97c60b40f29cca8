/** The bytes of an HTTP answer. @throws Error when there are more than `most`; what follows is not read */
export async function readBody(response: Response, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
    if (size > most) throw new Error(`an answer of more than ${most} bytes`);
  }
  return Buffer.concat(chunks, size);
}

/** The text of an HTTP answer in UTF-8. @throws Error when it has more than `most` bytes */
export async function readText(response: Response, most: number): Promise<string> {
  return (await readBody(response, most)).toString("utf8");
}
