import { authTables } from "@convex-dev/auth/server";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  ...authTables,
  // The last access that Lockstep sent about a user, and its sequence.
  access: defineTable({
    userId: v.id("users"),
    sequence: v.number(),
    active: v.boolean(),
    plan: v.optional(v.string()),
    features: v.array(v.string()),
  }).index("userId", ["userId"]),
});
