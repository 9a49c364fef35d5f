"use client";

import { useAuth } from "@clerk/nextjs";
import { useRouter } from "next/navigation";
import { useEffect } from "react";

// Lockstep's activation page leads here once access is there. The token in hand was
// made before that: a new one is fetched first.
export default function Welcome() {
  const { getToken, isLoaded } = useAuth();
  const router = useRouter();
  useEffect(() => {
    if (isLoaded) void getToken({ skipCache: true }).then(() => router.replace("/pro"));
  }, [getToken, isLoaded, router]);
  return <p>One moment…</p>;
}
