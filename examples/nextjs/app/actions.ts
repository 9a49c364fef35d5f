"use server";

import { auth } from "@clerk/nextjs/server";
import { redirect } from "next/navigation";
import { checkout, portal } from "../lib/lockstep";

async function token(): Promise<string> {
  const { getToken, redirectToSignIn } = await auth();
  return (await getToken()) ?? redirectToSignIn();
}

export async function buy() {
  redirect(await checkout(await token(), "pro_monthly"));
}

export async function manage() {
  redirect(await portal(await token()));
}
