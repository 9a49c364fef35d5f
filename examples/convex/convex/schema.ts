import { authTables } from "@convex-dev/auth/server";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  ...authTables,
  // What Lockstep last said of a user's access, and how new that was.
  access: defineTable({
    userId: v.id("users"),
    sequence: v.number(),
    active: v.boolean(),
    plan: v.optional(v.string()),
    features: v.array(v.string()),
  }).index("userId", ["userId"]),
});
