"""Store-and-forward: updates taken on record, delivered once, settled; and what ministries bring for consumers."""

from lgsp.submissions.callbacks import Teller
from lgsp.submissions.collect import Collectors
from lgsp.submissions.inbox import Arrival, Inbox, InboxItem, Page
from lgsp.submissions.record import Submission
from lgsp.submissions.service import Submissions

__all__ = ["Arrival", "Collectors", "Inbox", "InboxItem", "Page", "Submission", "Submissions", "Teller"]
