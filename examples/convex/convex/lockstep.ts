import { v } from "convex/values";
import { internal } from "./_generated/api";
import { internalAction } from "./_generated/server";

// call sends JSON to Lockstep's API, as a server.
export function call(method: string, path: string, body: unknown): Promise<Response> {
  const { LOCKSTEP_URL, LOCKSTEP_API_KEY } = process.env;
  if (!LOCKSTEP_URL || !LOCKSTEP_API_KEY) throw new Error("set LOCKSTEP_URL and LOCKSTEP_API_KEY: npx convex env set …");
  return fetch(LOCKSTEP_URL + path, {
    method,
    headers: { Authorization: `Bearer ${LOCKSTEP_API_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

// upsert tells Lockstep of a user. It may run twice: to put the same again does
// nothing. Convex runs a scheduled action at most once, so it tries again by itself.
export const upsert = internalAction({
  args: { userId: v.id("users"), email: v.optional(v.string()), name: v.optional(v.string()), attempt: v.number() },
  handler: async (ctx, { userId, email, name, attempt }) => {
    const failure = await call("PUT", `/v1/accounts/user/${encodeURIComponent(userId)}`, { email, name }).then(
      (response) => (response.ok ? undefined : response.status),
      () => 0,
    );
    if (failure === undefined) return;
    if (failure >= 400 && failure < 500 && failure !== 401 && failure !== 429) {
      throw new Error(`Lockstep refused the account: ${failure}`); // the same request would be refused again
    }
    const delay = Math.min(1000 * 2 ** attempt, 3_600_000);
    await ctx.scheduler.runAfter(delay, internal.lockstep.upsert, { userId, email, name, attempt: attempt + 1 });
  },
});
