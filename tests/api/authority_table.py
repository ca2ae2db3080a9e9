"""Who may do what: one line for each operation of the interface, from what DESIGN, the descriptions and ledger/README promise.

    operation | object | may | knows | strangers

`object` is made by authority_world.py, in a state in which those who may can act on it. `may`: who is answered with success, or with
the problem behind "=", which tells what stands in the way once the right to act is established. `knows`: who sees the object (or acts
on what everyone knows) and is no party that may do this: not-permitted. `strangers` is what everybody else is told; for an object that
is not theirs that is not-found, in the very words for an object that does not exist. An act that belongs to a role is refused
to all without it before anything is looked up: not-permitted. A name with "=" among `knows` has an answer of its own.

Of a list: `may` find the object in it; to others it tells `nothing` of it.

Who: see authority_world.py. `everyone` is all of them; `world` needs no token at all."""

COMMANDS = """
registerParticipant    | participant  | operator                     | -                                        | not-permitted
addKey                 | participant  | creditor operator            | -                                        | not-permitted
revokeKey              | second_key   | creditor operator            | -                                        | not-permitted
suspendParticipant     | bystander    | operator                     | -                                        | not-permitted
activateParticipant    | suspended    | operator                     | -                                        | not-permitted
stopParticipant        | bystander    | operator                     | -                                        | not-permitted
clearParticipant       | stopped      | operator                     | -                                        | not-permitted
setCreditLine          | bystander    | operator                     | -                                        | not-permitted
setRating              | bystander    | operator                     | -                                        | not-permitted
setFourEyes            | participant  | creditor                     | -                                        | not-permitted
issueToken             | participant  | creditor operator            | -                                        | not-permitted
revokeToken            | token        | creditor operator            | -                                        | not-found
withdrawApproval       | approval     | kept                         | -                                        | not-found
setPolicy              | policy       | operator                     | -                                        | not-permitted
sweep                  | nothing      | operator                     | -                                        | not-permitted

submitReceivable       | invoice      | creditor debtor              | traders=gateway-rejected                 | not-permitted
confirmReceivable      | registered   | debtor                       | creditor reviewer operator               | not-found
acceptReceivable       | payable      | creditor                     | debtor reviewer operator                 | not-found
rejectReceivable       | registered   | debtor                       | creditor reviewer operator               | not-found
withdrawReceivable     | registered   | creditor                     | debtor reviewer operator                 | not-found
lapseReceivable        | registered   | operator=not-yet-due         | -                                        | not-permitted

splitClaim             | claim        | creditor                     | debtor grantee                           | not-found
transferClaim          | claim        | creditor                     | debtor grantee                           | not-found
acceptTransfer         | offered      | recipient                    | creditor debtor grantee                  | not-found
declineTransfer        | offered      | recipient                    | creditor debtor grantee                  | not-found
cancelTransfer         | offered      | creditor                     | debtor recipient grantee                 | not-found
lapseTransfer          | offered      | operator=not-yet-due         | -                                        | not-permitted
acknowledgeNotice      | passed       | debtor                       | creditor recipient                       | not-found
disputeClaim           | claim        | creditor debtor              | grantee                                  | not-found
resolveDispute         | disputed     | debtor                       | creditor grantee                         | not-found
freezeClaim            | claim        | authority court              | -                                        | not-permitted
unfreezeClaim          | frozen       | authority                    | court                                    | not-permitted
ageClaim               | claim        | operator=not-yet-due         | -                                        | not-permitted
writeOffClaim          | claim        | creditor=wrong-state         | debtor grantee                           | not-found
makeGrant              | claim        | creditor                     | debtor grantee                           | not-found
revokeGrant            | grant        | creditor                     | grantee                                  | not-found
makeProposal           | claim        | creditor debtor              | grantee                                  | not-found
acceptProposal         | proposal     | debtor creditor=wrong-state  | -                                        | not-found
declineProposal        | proposal     | debtor creditor              | -                                        | not-found

checkInvoice           | check        | lender rival_lender kept     | -                                        | not-permitted
openProgram            | program      | lender rival_lender kept     | -                                        | not-permitted
closeProgram           | open_program | lender                       | rival_lender kept                        | not-permitted
requestFinancing       | claim        | creditor                     | debtor grantee                           | not-found
withdrawRequest        | request      | creditor                     | lender                                   | not-found
lapseRequest           | request      | operator=not-yet-due         | -                                        | not-permitted
makeOffer              | request      | lender                       | rival_lender=not-found kept=not-found    | not-permitted
withdrawOffer          | offer        | lender                       | creditor rival_lender=not-found kept=not-found | not-permitted
acceptOffer            | offer        | creditor                     | lender                                   | not-found
disburseFinancing      | reserved     | lender bank kept             | creditor                                 | not-found
cancelFinancing        | reserved     | lender                       | creditor                                 | not-found
lapseFinancing         | reserved     | operator=not-yet-due         | -                                        | not-permitted
registerFinancing      | reserved     | lender                       | creditor                                 | not-found
releaseFinancing       | pledged      | lender                       | creditor                                 | not-found
claimRecourse          | sold         | lender=not-yet-due           | creditor                                 | not-found
repurchaseFinancing    | sold         | lender=wrong-state           | creditor                                 | not-found
recordPayment          | claim        | debtor bank kept             | creditor grantee                         | not-found
reversePayment         | payment      | debtor creditor              | grantee=not-found                        | not-found

registerWebhook        | endpoint     | everyone                     | -                                        | -
rotateWebhook          | webhook      | creditor                     | -                                        | not-found
removeWebhook          | webhook      | creditor                     | -                                        | not-found
replayWebhook          | webhook      | creditor                     | -                                        | not-found
approveReview          | held         | reviewer operator            | -                                        | not-permitted
rejectReview           | held         | reviewer operator            | -                                        | not-permitted
recordVerification     | held         | operator=wrong-state         | -                                        | not-permitted
"""

READS = """
getCheckpoint          | nothing      | world                        | -                                        | -
getTile                | nothing      | world                        | -                                        | -
getHealth              | nothing      | world                        | -                                        | -
getReady               | nothing      | world                        | -                                        | -
getOpenapi             | nothing      | world                        | -                                        | -
getDocs                | nothing      | world                        | -                                        | -
getEntryProof          | nothing      | world                        | -                                        | -
getConsistency         | nothing      | world                        | -                                        | -
getEntry               | entry        | creditor debtor              | -                                        | nothing
listEntries            | entry        | -                            | -                                        | nothing
getMetrics             | nothing      | operator                     | -                                        | not-permitted
getMe                  | nothing      | everyone                     | -                                        | -

listParticipants       | participant  | everyone                     | -                                        | -
getParticipant         | participant  | everyone                     | -                                        | -
getPolicy              | nothing      | everyone                     | -                                        | -
getPolicyVersion       | nothing      | everyone                     | -                                        | -
listTokens             | token        | creditor                     | -                                        | nothing
listApprovals          | approval     | kept                         | -                                        | nothing
getApproval            | approval     | kept                         | -                                        | not-found

listReceivables        | registered   | creditor debtor              | -                                        | nothing
getReceivable          | registered   | creditor debtor              | -                                        | not-found
getReceivableHistory   | registered   | creditor debtor              | -                                        | not-found
listClaims             | claim        | creditor debtor grantee      | -                                        | nothing
exportClaims           | claim        | creditor debtor grantee      | -                                        | nothing
totalClaims            | claim        | -                            | -                                        | nothing
getClaim               | claim        | creditor debtor grantee      | -                                        | not-found
getClaimHistory        | claim        | creditor debtor              | grantee=nothing                          | not-found
getClaimLineage        | claim        | creditor debtor grantee      | -                                        | not-found
certifyClaim           | claim        | creditor debtor grantee      | -                                        | not-found
getStatement           | claim        | -                            | -                                        | nothing
listStatementEntries   | claim        | creditor debtor              | -                                        | nothing
exportStatement        | claim        | creditor debtor              | -                                        | nothing
listGrants             | grant        | creditor grantee             | -                                        | nothing
getGrant               | grant        | creditor grantee             | -                                        | not-found

listPrograms           | open_program | everyone                     | -                                        | -
getProgram             | open_program | everyone                     | -                                        | -
listRequests           | request      | creditor lender              | -                                        | nothing
getRequest             | request      | creditor lender              | -                                        | not-found
listOffers             | offer        | lender                       | -                                        | nothing
getOffer               | offer        | creditor lender              | -                                        | not-found
listFinancings         | sold         | creditor lender              | -                                        | nothing
getFinancing           | sold         | creditor lender              | -                                        | not-found
listPayments           | payment      | creditor debtor              | -                                        | nothing
getPayment             | payment      | creditor debtor              | -                                        | not-found
listProposals          | proposal     | creditor debtor              | -                                        | nothing
getProposal            | proposal     | creditor debtor              | -                                        | not-found

listWebhooks           | webhook      | creditor                     | -                                        | nothing
getWebhook             | webhook      | creditor                     | -                                        | not-found
getWebhookSecret       | webhook      | creditor                     | -                                        | not-found
listDeliveries         | webhook      | creditor                     | -                                        | not-found
listReviews            | held         | reviewer operator            | -                                        | not-permitted
getReview              | held         | creditor reviewer operator   | -                                        | not-found
getUpload              | upload       | kept                         | -                                        | not-found
listUploadResults      | upload       | kept                         | -                                        | not-found
exportUploadResults    | upload       | kept                         | -                                        | not-found
exportUploadResultsCsv | upload       | kept                         | -                                        | not-found
"""

# What carries commands of any kind, each judged as it would be alone: the stories of batches and uploads in test_authorisation.py.
CARRIERS = {"postBatch", "postUpload"}


GROUPS = {"traders": "recipient rival_supplier rival_debtor kept"}  # who may submit invoices, of their own


class Line:
    """`expected(name)`: None for success, else the problem's name, or "nothing": a list that does not tell of the object."""

    def __init__(self, text, everyone):
        self.operation, self.object, may, knows, self.strangers = [column.strip() for column in text.split("|")]
        self.world, self.special = may == "world", {}
        groups = {**GROUPS, "everyone": " ".join(everyone), "world": " ".join(everyone)}
        for column, default in ((may, None), (knows, "not-permitted")):
            for word in column.split() if column != "-" else []:
                name, _, problem = word.partition("=")
                for one in groups.get(name, name).split():
                    assert one in everyone, f"{self.operation}: nobody is called {one}"
                    assert one not in self.special, f"{self.operation} says two things of {one}"
                    self.special[one] = problem or default

    def expected(self, name):
        return self.special.get(name, self.strangers)


def lines(table, everyone):
    return [Line(text, everyone) for text in table.splitlines() if text.strip()]
