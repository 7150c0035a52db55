"""Access reviews: what is reviewed, the rounds (instances) of each review, and the decisions of each round."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from . import groups
from .chance import guid, number
from .entitlements import recurrence
from .policies import reviewer
from .principals import GALLERY
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory


class Review(NamedTuple):
    """A review that comes again every `every` days, for `length` days; `target` and `place` say what is reviewed."""

    name: str
    target: str
    place: int
    first: int
    every: int
    length: int


_REVIEWS = (
    Review("Guests: still needed?", "group", groups.GUESTS, -33, 28, 14),
    Review("Privileged administrators", "group", groups.ADMINISTRATORS, -20, 7, 3),
    Review("Helpdesk operators", "group", groups.HELPDESK, -60, 14, 7),
    Review("Department Engineering", "group", groups.ENGINEERING, -44, 30, 10),
    Review("Who works with the CRM", "app", GALLERY, -25, 21, 10),
    Review("Global administrators", "role", 0, -18, 14, 5),
    Review("Idle guests of all teams", "guests", groups.SALES, -9, 90, 21),
)
_ROUNDS = 4
"""Rounds of a review that are kept."""
_ITEMS = 24
_REASONS = {"Approve": "Works on it every week", "Deny": "Left the team"}
_TEAMS = "/v1.0/groups?$filter=(groupTypes/any(c:c+eq+'Unified'))"


class Reviews:
    """Reviews, their rounds and decisions. A running round is decided little by little, day by day."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.definitions = Listed("accessReviewScheduleDefinition", self._definitions)
        self.instances = lru_cache(None)(self._instances)
        self.decisions = lru_cache(64)(self._decisions)

    def _id(self, *parts: object) -> str:
        return guid(self._directory.seed, "access review", *parts)

    def _rounds(self, place: int) -> list[int]:
        """The numbers of the rounds that have begun, the newest first."""
        review = _REVIEWS[place]
        begun = (self._directory.day - review.first) // review.every
        return list(range(begun, max(-1, begun - _ROUNDS), -1))

    def _begins(self, place: int, round_: int) -> int:
        return _REVIEWS[place].first + round_ * _REVIEWS[place].every

    def _status(self, place: int, round_: int) -> str:
        over = self._directory.day - self._begins(place, round_) - _REVIEWS[place].length
        return "InProgress" if over < 0 else "Completed" if over < 2 else "Applied"

    def _scope(self, review: Review) -> Object:
        directory = self._directory
        query = _query("accessReviewQueryScope", "")
        group = directory.groups.ids.guid(review.place)
        guests = "?$count=true&$filter=(userType eq 'Guest')"
        if review.target == "group":
            return query | {"query": f"/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user"}
        if review.target == "app":
            principal = directory.principals.ids.guid(review.place)
            return query | {"query": f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo"}
        if review.target == "guests":
            idle = {"@odata.type": "#microsoft.graph.accessReviewInactiveUsersQueryScope", "inactiveDuration": "P60D"}
            return query | idle | {"query": f"/v1.0/groups/{group}/members/microsoft.graph.user/{guests}"}
        role = directory.roles.template("Global Administrator")
        return {
            "@odata.type": "#microsoft.graph.principalResourceMembershipsScope",
            "principalScopes": [query | {"query": "/users"}, query | {"query": "/servicePrincipals"}],
            "resourceScopes": [query | {"query": f"/roleManagement/directory/roleDefinitions/{role}"}],
        }

    def _reviewers(self, place: int) -> list[Object]:
        """Two people, the group's owners, the users' managers, or nobody (everyone for himself)."""
        user = self._directory.people.ids.guid
        named = [reviewer(f"/v1.0/users/{user(n)}") for n in (2, 3)]
        owners = reviewer(f"/v1.0/groups/{self._directory.groups.ids.guid(_REVIEWS[place].place)}/owners")
        return (named, named[:1], [owners], [reviewer("./manager", "decisions")], named, named, [])[place]

    def _definitions(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        fallback = [reviewer(f"/v1.0/users/{directory.people.ids.guid(1)}")]
        team = f"/v1.0/groups/{directory.groups.ids.guid(groups.HELPDESK)}/transitiveMembers/microsoft.graph.user"
        rows = []
        for place, review in enumerate(_REVIEWS):
            edits, when = directory.edits(review.name, 40)
            insight = {
                "@odata.type": "#microsoft.graph.userLastSignInRecommendationInsightSetting",
                "recommendationLookBackDuration": "P30D",
                "signInScope": "tenant",
            }
            weekly = review.every % 7 == 0
            stages = [
                {
                    "stageId": str(stage + 1),
                    "dependsOn": [str(stage)] if stage else [],
                    "durationInDays": 5,
                    "recommendationsEnabled": True,
                    "recommendationInsightSettings": [insight],
                    "decisionsThatWillMoveToNextStage": [] if stage else ["NotReviewed", "Approve"],
                    "reviewers": self._reviewers(place),
                    "fallbackReviewers": fallback,
                }
                for stage in range(2)
            ]
            rows.append(
                {
                    "id": self._id(place),
                    "additionalNotificationRecipients": [
                        {
                            "notificationTemplateType": "CompletedAdditionalRecipients",
                            "notificationRecipientScope": _query("accessReviewNotificationRecipientQueryScope", team),
                        }
                    ]
                    if place % 3 == 0
                    else [],
                    "createdBy": self._person(2),
                    "createdDateTime": calendar.stamp(-70 - place * 3, place * 99),
                    "descriptionForAdmins": f"{review.name} (every {review.every} days)",
                    "descriptionForReviewers": "Keep only what is still needed." if place % 2 else "Please decide in time.",
                    "displayName": review.name,
                    "fallbackReviewers": fallback,
                    "instanceEnumerationScope": _query("accessReviewQueryScope", _TEAMS)
                    if review.target == "guests"
                    else None,
                    "lastModifiedDateTime": when if edits or place % 2 else None,
                    "reviewers": self._reviewers(place),
                    "scope": self._scope(review),
                    "settings": {
                        "mailNotificationsEnabled": True,
                        "reminderNotificationsEnabled": True,
                        "justificationRequiredOnApproval": edits % 2 == 0,
                        "defaultDecisionEnabled": place % 2 == 0,
                        "defaultDecision": "Recommendation" if place % 2 == 0 else "None",
                        "instanceDurationInDays": review.length,
                        "autoApplyDecisionsEnabled": True,
                        "recommendationsEnabled": True,
                        "recommendationLookBackDuration": "P30D",
                        "decisionHistoriesForReviewersEnabled": place == 1,
                        "recurrence": recurrence(
                            "weekly" if weekly else "absoluteMonthly",
                            review.every // 7 if weekly else max(1, review.every // 30),
                            calendar.date(review.first),
                        ),
                        "recommendationInsightSettings": [insight],
                        "applyActions": [
                            {"@odata.type": f"#microsoft.graph.{action}ApplyAction"}
                            for action in (("removeAccess",) if place else ("removeAccess", "disableAndDeleteUser"))
                        ],
                    },
                    "stageSettings": stages if place == 3 else [],
                    "status": "InProgress",
                }
            )
        return rows

    def _instances(self, place: int) -> Listed:
        """The rounds of one review, by its key."""

        def rows() -> list[Object]:
            calendar, review = self._directory.calendar, _REVIEWS[place]
            return [
                {
                    "id": self._id(place, round_),
                    "endDateTime": calendar.stamp(self._begins(place, round_) + review.length, 0),
                    "fallbackReviewers": [reviewer(f"/v1.0/users/{self._directory.people.ids.guid(1)}")],
                    "reviewers": self._reviewers(place),
                    "scope": self._scope(review),
                    "startDateTime": calendar.stamp(self._begins(place, round_), 0),
                    "status": self._status(place, round_),
                }
                for round_ in self._rounds(place)
            ]

        return Listed("accessReviewInstance", rows)

    def _decisions(self, place: int, instance: int) -> Listed:
        """The decisions of one round, by the keys of the review and of its round."""
        return Listed("accessReviewInstanceDecisionItem", lambda: self._items(place, self._rounds(place)[instance]))

    def _reviewed(self, place: int, round_: int) -> list[int]:
        """Who is reviewed: users who live today, so that no decision outlives its subject."""
        directory, review = self._directory, _REVIEWS[place]
        people = directory.people.population
        if review.target == "group" and review.place != groups.GUESTS:
            members = [key for key in directory.groups.members(review.place) if key < people.total]
            # Those who have joined the group since are not part of an old round.
            return [key for key in members if people.joined_on(key) <= self._begins(place, round_)][:_ITEMS]
        some = (number(directory.seed, "reviewed", place, round_, n) % people.base for n in range(_ITEMS))
        return sorted({user for user in some if people.alive(user)})

    def _person(self, user: int) -> Object:
        """userIdentity."""
        people = self._directory.people
        name = people.principal_name(user)
        return {
            "id": people.ids.guid(user),
            "displayName": people.display_name(user),
            "type": None,
            "tenantId": None,
            "ipAddress": None,
            "userPrincipalName": name,
        }

    def _resource(self, review: Review) -> tuple[Object, str]:
        """What is reviewed, and its address."""
        directory = self._directory
        base: Object = {"@odata.type": "#microsoft.graph.accessReviewInstanceDecisionItemResource"}
        if review.target == "app":
            id_, name = directory.principals.ids.guid(review.place), directory.principals.name(review.place)
            own = {
                "@odata.type": "#microsoft.graph.accessReviewInstanceDecisionItemServicePrincipalResource",
                "appId": directory.principals.app_id(review.place),
            }
            return {"id": id_, "displayName": name, "type": "enterpriseApplication", **own}, f"servicePrincipals/{id_}"
        if review.target == "role":
            id_ = directory.roles.template("Global Administrator")
            path = f"roleManagement/directory/roleDefinitions/{id_}"
            return {**base, "id": id_, "displayName": "Global Administrator", "type": "directoryRole"}, path
        id_, name = directory.groups.ids.guid(review.place), directory.name_of("group", review.place)
        return {**base, "id": id_, "displayName": name, "type": "group"}, f"groups/{id_}"

    def _items(self, place: int, round_: int) -> list[Object]:
        directory, calendar, review = self._directory, self._directory.calendar, _REVIEWS[place]
        begins = self._begins(place, round_)
        applied = self._status(place, round_) == "Applied"
        resource, path = self._resource(review)
        nobody = {"id": "00000000-0000-0000-0000-000000000000", "displayName": "", "userPrincipalName": ""}
        rows = []
        for user in self._reviewed(place, round_):
            traits = number(directory.seed, "decision", place, round_, user)
            when = begins + traits % (review.length + 2)
            decided = when <= min(directory.day, begins + review.length)
            decision = ("Approve", "Approve", "Deny", "DontKnow")[traits >> 8 & 3] if decided else "NotReviewed"
            person = self._person(user)
            done = applied and decision != "NotReviewed"
            system = {**nobody, "displayName": "AAD Access Reviews", "type": None, "tenantId": None, "ipAddress": None}
            rows.append(
                {
                    "id": self._id(place, round_, user),
                    "accessReviewId": self._id(place, round_),
                    "appliedBy": system if done else nobody,
                    "appliedDateTime": calendar.stamp(begins + review.length + 2, traits) if done else None,
                    "applyResult": ("AppliedWithUnknownFailure", "AppliedSuccessfully")[traits >> 12 & 7 > 0]
                    if done
                    else "New",
                    "decision": decision,
                    "justification": _REASONS.get(decision),
                    "principal": {"@odata.type": "#microsoft.graph.userIdentity", **person},
                    "principalLink": f"https://graph.microsoft.com/v1.0/users/{person['id']}",
                    "recommendation": ("Approve", "Approve", "Deny", "NoInfoAvailable")[traits >> 16 & 3],
                    "resource": resource,
                    "resourceLink": f"https://graph.microsoft.com/v1.0/{path}",
                    "reviewedBy": self._person(2) if decided else nobody,
                    "reviewedDateTime": calendar.stamp(when, traits) if decided else None,
                }
            )
        return rows


def _query(type_: str, query: str) -> Object:
    """A scope that is a query."""
    return {"@odata.type": f"#microsoft.graph.{type_}", "query": query, "queryType": "MicrosoftGraph", "queryRoot": None}
