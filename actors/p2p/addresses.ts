/** Multiaddresses as operators write them: `/ip4/203.0.113.7/tcp/8570/p2p/12D3KooW…`. */
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";

import { ActorError } from "../support/actorError.ts";

const HOSTS: ReadonlySet<string> = new Set(["ip4", "ip6", "dns", "dns4", "dns6"]);

/** Where another process is reached, with or without its peer id at the end. @throws ActorError P2P_ADDRESS_INVALID */
export function readPeerAddress(text: string): Multiaddr {
  return read(text, HOSTS, true);
}

/** Where this process listens; port 0 takes a free one. @throws ActorError P2P_ADDRESS_INVALID */
export function readListenAddress(text: string): Multiaddr {
  return read(text, new Set(["ip4", "ip6"]), false);
}

/** The peer that an address names. */
export function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().find(({ name }) => name === "p2p")?.value;
}

function read(text: string, hosts: ReadonlySet<string>, peerAllowed: boolean): Multiaddr {
  const example = peerAllowed ? "/ip4/203.0.113.7/tcp/8570/p2p/PEER_ID" : "/ip4/0.0.0.0/tcp/8570";
  const refuse = (reason: string): ActorError =>
    new ActorError("P2P_ADDRESS_INVALID", `"${text}" is no address: ${reason}`, `write it as ${example}`);
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch {
    throw refuse("it cannot be read");
  }
  const [host, tcp, peer, ...rest] = address.getComponents();
  if (!host || !hosts.has(host.name)) throw refuse("it names no host");
  if (tcp?.name !== "tcp") throw refuse("it names no TCP port");
  if ((peer && (!peerAllowed || peer.name !== "p2p")) || rest.length > 0) throw refuse("it says too much");
  if (peer?.value !== undefined && !isPeerId(peer.value)) throw refuse("its peer id is none");
  return address;
}

function isPeerId(text: string): boolean {
  try {
    peerIdFromString(text);
    return true;
  } catch {
    return false;
  }
}
