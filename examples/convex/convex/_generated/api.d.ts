// What `npx convex dev` generates for these modules; it writes this folder anew.
import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as access from "../access.js";
import type * as auth from "../auth.js";
import type * as buying from "../buying.js";
import type * as http from "../http.js";
import type * as lockstep from "../lockstep.js";

declare const modules: ApiFromModules<{
  access: typeof access;
  auth: typeof auth;
  buying: typeof buying;
  http: typeof http;
  lockstep: typeof lockstep;
}>;
export declare const api: FilterApi<typeof modules, FunctionReference<any, "public">>;
export declare const internal: FilterApi<typeof modules, FunctionReference<any, "internal">>;
