import { getAuthUserId } from "@convex-dev/auth/server";
import { v } from "convex/values";
import { action } from "./_generated/server";
import { call } from "./lockstep";

// What this app sells. Lockstep lets the API key buy every price, so the app must check a lookup key that
// comes from a browser: Stripe may have others, of old prices or of tests.
const sold = v.union(v.literal("pro_monthly"), v.literal("lifetime"));

// checkout returns the page where the signed-in user pays. The user comes from the session, never from an
// argument.
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
