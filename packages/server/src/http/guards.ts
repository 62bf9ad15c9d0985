// What every request passes before a route sees it: whether it names this host, comes from this origin, has the token, and is
// not one too many. A page of another site can reach a server on this machine; it cannot read or order anything here.

import { createHash, timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import { RefusedError } from "../problem.ts";
import type { Access, ServerLimits } from "./services.ts";

const cookieName = "proteoscope_token";

const csp = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers of every response: no script but our own, nothing from elsewhere, no frame around the page. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const headers = {
    "content-security-policy": csp,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  };
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
};

/** Refuses requests that name another host, or come from another origin. */
export function checkOrigin({ hosts }: Access): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host")?.toLowerCase();
    if (host === undefined || !hosts.has(host))
      throw new RefusedError("this server does not answer for that host; --origin names further ones", {
        ...{ status: 421, kind: "forbidden" },
      });
    const origin = c.req.header("origin");
    if (origin !== undefined && !hosts.has(hostOf(origin)))
      throw new RefusedError("requests of other sites are refused", { status: 403, kind: "forbidden" });
    if (c.req.header("sec-fetch-site") === "cross-site" && c.req.header("sec-fetch-mode") !== "navigate")
      throw new RefusedError("requests of other sites are refused", { status: 403, kind: "forbidden" });
    await next();
  };
}

function hostOf(origin: string): string {
  try {
    return new URL(origin).host.toLowerCase();
  } catch {
    return "";
  }
}

/** Asks for the token, in a header, or in the cookie that a page gets whose address has it once. */
export function checkToken({ token }: Access): MiddlewareHandler {
  return async (c, next) => {
    if (token === undefined || c.req.path === "/healthz" || c.req.path === "/readyz") return next();
    const inAddress = c.req.query("token");
    if (inAddress !== undefined && c.req.method === "GET" && isSame(inAddress, token)) {
      setCookie(c, cookieName, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      const url = new URL(c.req.url);
      url.searchParams.delete("token");
      return c.redirect(`${url.pathname}${url.search}`, 303);
    }
    const given = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1] ?? getCookie(c, cookieName);
    if (given === undefined || !isSame(given, token))
      throw new RefusedError("this server asks for its token: open the address that it printed", {
        ...{ status: 401, kind: "forbidden" },
      });
    return next();
  };
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The address of a client. */
export function addressOfClient(c: Context, { isBehindProxy }: Access): string {
  const env = c.env as { incoming?: unknown } | undefined;
  const direct = env?.incoming === undefined ? "local" : (getConnInfo(c).remote.address ?? "unknown");
  const isLocal = /^(::1|(::ffff:)?127\.)/.test(direct);
  const forwarded = c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim();
  return isBehindProxy && isLocal && forwarded ? forwarded.slice(0, 64) : direct;
}

/** Limits the requests of one address; those that make work are counted by themselves as well. */
export function limitRate(access: Access, limits: ServerLimits): MiddlewareHandler {
  const requests = new RateLimiterMemory({ points: limits.requestsPerTenSeconds, duration: 10 });
  const works = new RateLimiterMemory({ points: limits.worksPerTenSeconds, duration: 10 });
  return async (c, next) => {
    const address = addressOfClient(c, access);
    const makesWork = c.req.method === "POST" && !/\/proteins\/(parse|localize)$/.test(c.req.path);
    try {
      await requests.consume(address);
      if (makesWork) await works.consume(address);
    } catch (error) {
      const { msBeforeNext } = error as RateLimiterRes;
      throw new RefusedError("too many requests from this address", {
        ...{ status: 429, kind: "limit" },
        retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
      });
    }
    await next();
  };
}
