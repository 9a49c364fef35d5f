import { v } from "convex/values";
import { internal } from "./_generated/api";
import { internalAction } from "./_generated/server";

// call sends JSON to Lockstep's API with the API key.
export function call(method: string, path: string, body: unknown): Promise<Response> {
  const { LOCKSTEP_URL, LOCKSTEP_API_KEY } = process.env;
  if (!LOCKSTEP_URL || !LOCKSTEP_API_KEY) throw new Error("LOCKSTEP_URL or LOCKSTEP_API_KEY: not set; run npx convex env set");
  return fetch(LOCKSTEP_URL + path, {
    method,
    headers: { Authorization: `Bearer ${LOCKSTEP_API_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

// upsert creates or updates a user at Lockstep. It is idempotent. Convex runs a scheduled action at most
// once, so upsert schedules its own retries.
export const upsert = internalAction({
  args: { userId: v.id("users"), email: v.optional(v.string()), name: v.optional(v.string()), attempt: v.number() },
  handler: async (ctx, { userId, email, name, attempt }) => {
    const failure = await call("PUT", `/v1/accounts/user/${encodeURIComponent(userId)}`, { email, name }).then(
      (response) => (response.ok ? undefined : response.status),
      () => 0,
    );
    if (failure === undefined) return;
    if (failure >= 400 && failure < 500 && failure !== 401 && failure !== 429) {
      throw new Error(`Lockstep refused the account: ${failure}`); // a retry would be refused too
    }
    const delay = Math.min(1000 * 2 ** attempt, 3_600_000);
    await ctx.scheduler.runAfter(delay, internal.lockstep.upsert, { userId, email, name, attempt: attempt + 1 });
  },
});
