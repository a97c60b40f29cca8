/**
 * A resource that another part of the process adds to the node's API: one name, one argument. The server has checked host,
 * method and body before; what the handlers throw is answered like its own refusals.
 */
export interface RpcExtension {
  /** First segment of the path. */
  readonly resource: string;
  /** @param argument second segment, if there is one */
  get(argument: string | undefined): Promise<unknown>;
  /** @param body parsed JSON */
  post(body: unknown): Promise<unknown>;
}
