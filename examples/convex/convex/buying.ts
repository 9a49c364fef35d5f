import { getAuthUserId } from "@convex-dev/auth/server";
import { v } from "convex/values";
import { action } from "./_generated/server";
import { call } from "./lockstep";

// What this app sells. Lockstep takes the app's API key at its word, so a lookup key that a
// browser names must be one of these: Stripe may have others, of old prices or of tests.
const sold = v.union(v.literal("pro_monthly"), v.literal("lifetime"));

// checkout is where the signed-in user pays. Who that is comes from the session,
// never from an argument.
export const checkout = action({
  args: { lookupKey: sold },
  handler: async (ctx, { lookupKey }): Promise<string> => {
    const userId = await getAuthUserId(ctx);
    if (userId === null) throw new Error("not signed in");
    const response = await call("POST", "/v1/checkout", {
      account: `user/${userId}`,
      lookup_key: lookupKey,
      success_url: `${process.env.SITE_URL}/welcome`,
    });
    const answer = (await response.json()) as { url?: string; detail?: string };
    if (!answer.url) throw new Error(`Lockstep answered ${response.status}: ${answer.detail ?? "no reason"}`);
    return answer.url;
  },
});
