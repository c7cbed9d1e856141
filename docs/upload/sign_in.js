// Signs in to a Cognito user pool. Replace this file with the library of your identity provider.

// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
export async function signIn({ url, client_id }, user, password) {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    },
    body: JSON.stringify({
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: user, PASSWORD: password },
      ClientId: client_id,
    }),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.message ?? "Sign in again.");
  return document.AuthenticationResult.IdToken;
}
