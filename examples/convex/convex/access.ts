import { getAuthUserId } from "@convex-dev/auth/server";
import { v } from "convex/values";
import { internalMutation, query } from "./_generated/server";

// mine is a live query: a page that shows it updates when the webhook arrives.
export const mine = query({
  args: {},
  handler: async (ctx) => {
    const userId = await getAuthUserId(ctx);
    if (userId === null) return null;
    return await ctx.db
      .query("access")
      .withIndex("userId", (q) => q.eq("userId", userId))
      .unique();
  },
});

// store saves the access that Lockstep sent, unless a newer one is stored: webhooks may arrive twice and in
// any order.
export const store = internalMutation({
  args: {
    userId: v.string(),
    sequence: v.number(),
    active: v.boolean(),
    plan: v.optional(v.string()),
    features: v.array(v.string()),
  },
  handler: async (ctx, { userId: text, ...access }) => {
    const userId = ctx.db.normalizeId("users", text);
    if (userId === null) return; // not a user of this app
    const known = await ctx.db
      .query("access")
      .withIndex("userId", (q) => q.eq("userId", userId))
      .unique();
    if (known === null) {
      await ctx.db.insert("access", { userId, ...access });
    } else if (known.sequence < access.sequence) {
      await ctx.db.replace(known._id, { userId, ...access });
    }
  },
});
