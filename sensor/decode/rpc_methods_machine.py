"""Names of the methods of RPC interfaces that manage a machine, by opnum; a table only.

Services, tasks, WMI, shares, printers, registry, event logs, DCOM. Same form as in
`sensor.decode.rpc_methods`, which joins both.
"""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "srvsvc": (
        "8: NetrConnectionEnum NetrFileEnum NetrFileGetInfo NetrFileClose NetrSessionEnum"
        " NetrSessionDel NetrShareAdd NetrShareEnum NetrShareGetInfo NetrShareSetInfo NetrShareDel"
        " NetrShareDelSticky NetrShareCheck NetrServerGetInfo NetrServerSetInfo"
        " NetrServerDiskEnum NetrServerStatisticsGet NetrServerTransportAdd"
        " NetrServerTransportEnum NetrServerTransportDel NetrRemoteTOD - NetprPathType"
        " NetprPathCanonicalize NetprPathCompare NetprNameValidate NetprNameCanonicalize"
        " NetprNameCompare NetrShareEnumSticky NetrShareDelStart NetrShareDelCommit"
        " NetrpGetFileSecurity NetrpSetFileSecurity NetrServerTransportAddEx -"
        " NetrDfsGetVersion NetrDfsCreateLocalPartition NetrDfsDeleteLocalPartition"
        " NetrDfsSetLocalVolumeState - NetrDfsCreateExitPoint NetrDfsDeleteExitPoint"
        " NetrDfsModifyPrefix NetrDfsFixLocalVolume NetrDfsManagerReportSiteInfo"
        " NetrServerTransportDelEx NetrServerAliasAdd NetrServerAliasEnum NetrServerAliasDel"
        " NetrShareDelEx 74: LocalrServerCertificateMappingModify"
    ),
    "svcctl": (
        "RCloseServiceHandle RControlService RDeleteService RLockServiceDatabase"
        " RQueryServiceObjectSecurity RSetServiceObjectSecurity RQueryServiceStatus"
        " RSetServiceStatus RUnlockServiceDatabase RNotifyBootConfigStatus -"
        " RChangeServiceConfigW RCreateServiceW REnumDependentServicesW REnumServicesStatusW"
        " ROpenSCManagerW ROpenServiceW RQueryServiceConfigW RQueryServiceLockStatusW"
        " RStartServiceW RGetServiceDisplayNameW RGetServiceKeyNameW - RChangeServiceConfigA"
        " RCreateServiceA REnumDependentServicesA REnumServicesStatusA ROpenSCManagerA"
        " ROpenServiceA RQueryServiceConfigA RQueryServiceLockStatusA RStartServiceA"
        " RGetServiceDisplayNameA RGetServiceKeyNameA - REnumServiceGroupW RChangeServiceConfig2A"
        " RChangeServiceConfig2W RQueryServiceConfig2A RQueryServiceConfig2W RQueryServiceStatusEx"
        " REnumServicesStatusExA REnumServicesStatusExW - RCreateServiceWOW64A"
        " RCreateServiceWOW64W - RNotifyServiceStatusChange RGetNotifyResults RCloseNotifyHandle"
        " RControlServiceExA RControlServiceExW 56: RQueryServiceConfigEx 60: RCreateWowService"
        " 64: ROpenSCManager2"
    ),
    "atsvc": "NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo",
    "sasec": (
        "SASetAccountInformation SASetNSAccountInformation SAGetNSAccountInformation"
        " SAGetAccountInformation"
    ),
    "itask": (
        "SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask SchRpcCreateFolder"
        " SchRpcSetSecurity SchRpcGetSecurity SchRpcEnumFolders SchRpcEnumTasks"
        " SchRpcEnumInstances SchRpcGetInstanceInfo SchRpcStopInstance SchRpcStop SchRpcRun"
        " SchRpcDelete SchRpcRename SchRpcScheduledRuntimes SchRpcGetLastRunInfo"
        " SchRpcGetTaskInfo SchRpcGetNumberOfMissedRuns SchRpcEnableTask"
    ),
    "wbem_services": (
        "QueryInterface AddRef Release OpenNamespace CancelAsyncCall QueryObjectSink GetObject"
        " GetObjectAsync PutClass PutClassAsync DeleteClass DeleteClassAsync CreateClassEnum"
        " CreateClassEnumAsync PutInstance PutInstanceAsync DeleteInstance DeleteInstanceAsync"
        " CreateInstanceEnum CreateInstanceEnumAsync ExecQuery ExecQueryAsync"
        " ExecNotificationQuery ExecNotificationQueryAsync ExecMethod ExecMethodAsync"
    ),
    "wbem_login": (
        "QueryInterface AddRef Release EstablishPosition RequestChallenge WBEMLogin NTLMLogin"
    ),
    "spoolss": (
        "RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter"
        " RpcDeletePrinter RpcSetPrinter RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers"
        " RpcGetPrinterDriver RpcGetPrinterDriverDirectory RpcDeletePrinterDriver"
        " RpcAddPrintProcessor RpcEnumPrintProcessors RpcGetPrintProcessorDirectory"
        " RpcStartDocPrinter RpcStartPagePrinter RpcWritePrinter RpcEndPagePrinter"
        " RpcAbortPrinter RpcReadPrinter RpcEndDocPrinter RpcAddJob RpcScheduleJob"
        " RpcGetPrinterData RpcSetPrinterData RpcWaitForPrinterChange RpcClosePrinter RpcAddForm"
        " RpcDeleteForm RpcGetForm RpcSetForm RpcEnumForms RpcEnumPorts RpcEnumMonitors - -"
        " RpcDeletePort RpcCreatePrinterIC RpcPlayGdiScriptOnPrinterIC RpcDeletePrinterIC - - -"
        " RpcAddMonitor RpcDeleteMonitor RpcDeletePrintProcessor - - RpcEnumPrintProcessorDatatypes"
        " RpcResetPrinter RpcGetPrinterDriver2 - - RpcFindClosePrinterChangeNotification -"
        " RpcReplyOpenPrinter RpcRouterReplyPrinter RpcReplyClosePrinter RpcAddPortEx"
        " RpcRemoteFindFirstPrinterChangeNotification - - RpcRemoteFindFirstPrinterChangeNotificationEx"
        " RpcRouterReplyPrinterEx RpcRouterRefreshPrinterChangeNotification - RpcOpenPrinterEx"
        " RpcAddPrinterEx RpcSetPort RpcEnumPrinterData RpcDeletePrinterData - - -"
        " RpcSetPrinterDataEx RpcGetPrinterDataEx RpcEnumPrinterDataEx RpcEnumPrinterKey"
        " RpcDeletePrinterDataEx RpcDeletePrinterKey - RpcDeletePrinterDriverEx"
        " RpcAddPerMachineConnection RpcDeletePerMachineConnection RpcEnumPerMachineConnections"
        " RpcXcvData RpcAddPrinterDriverEx 97: RpcSendRecvBidiData 102: RpcGetCorePrinterDrivers -"
        " RpcGetPrinterDriverPackagePath"
    ),
    "par": (
        "RpcAsyncOpenPrinter RpcAsyncAddPrinter RpcAsyncSetJob RpcAsyncGetJob RpcAsyncEnumJobs"
        " RpcAsyncAddJob RpcAsyncScheduleJob RpcAsyncDeletePrinter RpcAsyncSetPrinter"
        " RpcAsyncGetPrinter RpcAsyncStartDocPrinter RpcAsyncStartPagePrinter RpcAsyncWritePrinter"
        " RpcAsyncEndPagePrinter RpcAsyncEndDocPrinter RpcAsyncAbortPrinter"
        " RpcAsyncGetPrinterData RpcAsyncGetPrinterDataEx RpcAsyncSetPrinterData"
        " RpcAsyncSetPrinterDataEx RpcAsyncClosePrinter RpcAsyncAddForm RpcAsyncDeleteForm"
        " RpcAsyncGetForm RpcAsyncSetForm RpcAsyncEnumForms RpcAsyncGetPrinterDriver"
        " RpcAsyncEnumPrinterData RpcAsyncEnumPrinterDataEx RpcAsyncEnumPrinterKey"
        " RpcAsyncDeletePrinterData RpcAsyncDeletePrinterDataEx RpcAsyncDeletePrinterKey"
        " RpcAsyncXcvData RpcAsyncSendRecvBidiData RpcAsyncCreatePrinterIC"
        " RpcAsyncPlayGdiScriptOnPrinterIC RpcAsyncDeletePrinterIC RpcAsyncEnumPrinters"
        " RpcAsyncAddPrinterDriver RpcAsyncEnumPrinterDrivers RpcAsyncGetPrinterDriverDirectory"
        " RpcAsyncDeletePrinterDriver RpcAsyncDeletePrinterDriverEx"
        " RpcAsyncAddPrintProcessor RpcAsyncEnumPrintProcessors"
        " RpcAsyncGetPrintProcessorDirectory RpcAsyncEnumPorts RpcAsyncEnumMonitors"
        " RpcAsyncAddPort RpcAsyncSetPort RpcAsyncAddMonitor RpcAsyncDeleteMonitor"
        " RpcAsyncDeletePrintProcessor RpcAsyncEnumPrintProcessorDatatypes"
        " RpcAsyncAddPerMachineConnection RpcAsyncDeletePerMachineConnection"
        " RpcAsyncEnumPerMachineConnections RpcSyncRegisterForRemoteNotifications"
        " RpcSyncUnRegisterForRemoteNotifications RpcSyncRefreshRemoteNotifications"
        " RpcAsyncGetRemoteNotifications RpcAsyncInstallPrinterDriverFromPackage RpcAsyncUploadPrinterDriverPackage"
        " RpcAsyncGetCorePrinterDrivers RpcAsyncCorePrinterDriverInstalled"
        " RpcAsyncGetPrinterDriverPackagePath RpcAsyncDeletePrinterDriverPackage"
        " RpcAsyncReadPrinter RpcAsyncResetPrinter RpcAsyncGetJobNamedPropertyValue"
        " RpcAsyncSetJobNamedProperty RpcAsyncDeleteJobNamedProperty"
        " RpcAsyncEnumJobNamedProperties RpcAsyncLogJobInfoForBranchOffice"
    ),
    "fsrvp": (
        "GetSupportedVersion SetContext StartShadowCopySet AddToShadowCopySet CommitShadowCopySet"
        " ExposeShadowCopySet RecoveryCompleteShadowCopySet AbortShadowCopySet IsPathSupported"
        " IsPathShadowCopied GetShareMapping DeleteShareMapping PrepareShadowCopySet"
    ),
    "winreg": (
        "OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers"
        " BaseRegCloseKey BaseRegCreateKey BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey"
        " BaseRegEnumValue BaseRegFlushKey BaseRegGetKeySecurity BaseRegLoadKey - BaseRegOpenKey"
        " BaseRegQueryInfoKey BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey BaseRegSaveKey"
        " BaseRegSetKeySecurity BaseRegSetValue BaseRegUnLoadKey BaseInitiateSystemShutdown"
        " BaseAbortSystemShutdown BaseRegGetVersion OpenCurrentConfig - BaseRegQueryMultipleValues"
        " BaseInitiateSystemShutdownEx BaseRegSaveKeyEx OpenPerformanceText"
        " OpenPerformanceNlsText BaseRegQueryMultipleValues2 BaseRegDeleteKeyEx"
    ),
    "dcom_activation": "RemoteActivation - - RemoteGetClassObject RemoteCreateInstance",
    "oxid_resolver": "ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2",
    "remunknown": (
        "QueryInterface AddRef Release RemQueryInterface RemAddRef RemRelease RemQueryInterface2"
    ),
    "eventlog": (
        "ElfrClearELFW ElfrBackupELFW ElfrCloseEL ElfrDeregisterEventSource ElfrNumberOfRecords"
        " ElfrOldestRecord ElfrChangeNotify ElfrOpenELW ElfrRegisterEventSourceW ElfrOpenBELW"
        " ElfrReadELW ElfrReportEventW ElfrClearELFA ElfrBackupELFA ElfrOpenELA"
        " ElfrRegisterEventSourceA ElfrOpenBELA ElfrReadELA ElfrReportEventA 22:"
        " ElfrGetLogInformation 24: ElfrReportEventAndSourceW ElfrReportEventExW"
        " ElfrReportEventExA"
    ),
    "even6": (
        "EvtRpcRegisterRemoteSubscription EvtRpcRemoteSubscriptionNextAsync"
        " EvtRpcRemoteSubscriptionNext EvtRpcRemoteSubscriptionWaitAsync"
        " EvtRpcRegisterControllableOperation EvtRpcRegisterLogQuery EvtRpcClearLog"
        " EvtRpcExportLog EvtRpcLocalizeExportLog EvtRpcMessageRender EvtRpcMessageRenderDefault"
        " EvtRpcQueryNext EvtRpcQuerySeek EvtRpcClose EvtRpcCancel EvtRpcAssertConfig"
        " EvtRpcRetractConfig EvtRpcOpenLogHandle EvtRpcGetLogFileInfo EvtRpcGetChannelList"
        " EvtRpcGetChannelConfig EvtRpcPutChannelConfig EvtRpcGetPublisherList"
        " EvtRpcGetPublisherListForChannel EvtRpcGetPublisherMetadata"
        " EvtRpcGetPublisherResourceMetadata EvtRpcGetEventMetadataEnum"
        " EvtRpcGetNextEventMetadata EvtRpcGetClassicLogDisplayName"
    ),
    "wkssvc": (
        "NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum - - NetrWkstaTransportEnum"
        " NetrWkstaTransportAdd NetrWkstaTransportDel NetrUseAdd NetrUseGetInfo NetrUseDel"
        " NetrUseEnum - NetrWorkstationStatisticsGet 20: NetrGetJoinInformation - NetrJoinDomain2"
        " NetrUnjoinDomain2 NetrRenameMachineInDomain2 NetrValidateName2 NetrGetJoinableOUs2"
        " NetrAddAlternateComputerName NetrRemoveAlternateComputerName NetrSetPrimaryComputerName"
        " NetrEnumerateComputerNames"
    ),
    "browser": (
        "- - BrowserrQueryOtherDomains BrowserrResetNetlogonState BrowserrDebugTrace"
        " BrowserrQueryStatistics BrowserrResetStatistics - - BrowserrSetNetlogonState"
        " BrowserrQueryEmulatedDomains BrowserrServerEnumEx"
    ),
    "initshutdown": "BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx",
    "msgsvc": "NetrSendMessage",
    "w32time": "W32TimeSync W32TimeGetNetlogonServiceBits W32TimeQueryProviderStatus",
    "trksvr": "LnkSvrMessage",
    "witness": (
        "WitnessrGetInterfaceList WitnessrRegister WitnessrUnRegister WitnessrAsyncNotify"
        " WitnessrRegisterEx"
    ),
    "exchange_mapi": (
        "EcDoConnect EcDoDisconnect EcDoRpc EcGetMoreRpc EcRRegisterPushNotification"
        " EcRUnregisterPushNotification EcDummyRpc EcRGetDCName EcRNetGetDCName EcDoRpcExt"
        " EcDoConnectEx EcDoRpcExt2 - - EcDoAsyncConnectEx"
    ),
}
